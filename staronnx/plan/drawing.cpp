#include "staronnx/plan/drawing.h"

#include <gvc.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "staronnx/model/utf8.h"
#include "staronnx/plan/crossings.h"
#include "staronnx/plan/words.h"

namespace staronnx {
namespace {

// Told apart with every kind of colour blindness. Source: M. Okabe, K. Ito, "Color Universal Design", 2008. Light for boxes, strong for lines.
struct Colour {
  const char* light;
  const char* strong;
};
constexpr std::array<Colour, 7> kColours = {Colour{"#cfe3f1", "#0072b2"}, {"#fbe6bf", "#b87a00"}, {"#c6e8dd", "#00785a"},
                                            {"#f6d9c6", "#b34e00"},       {"#f4e1ec", "#a8487f"}, {"#ddf0fb", "#2f86b5"},
                                            {"#e4e4e4", "#444444"}};

// For Graphviz, which takes labels as they are only when they are valid UTF-8 without control characters, and sees escapes behind
// backslashes and entities behind ampersands. At most `most` characters.
std::string readable(const std::string& text, std::size_t most) {
  std::u32string characters = utf32_of(text).value_or(std::u32string(text.begin(), text.end()));
  const bool shortened = characters.size() > most;
  characters.resize(std::min(characters.size(), most));
  std::string result;
  for (const char32_t character : characters) {
    const bool printable = character >= 0x20 && character != 0x7f && character != 0xfffe && character != 0xffff;
    const std::string utf8 = printable ? utf8_of({&character, 1}).value_or("?") : "?";
    result += utf8 == "\\" ? "\\\\" : utf8 == "&" ? "&amp;" : utf8;
  }
  return shortened ? result + "…" : result;
}

struct FreeGraphviz {
  void operator()(GVC_t* context) const { gvFreeContext(context); }
  void operator()(Agraph_t* graph) const { agclose(graph); }
  void operator()(char* rendered) const { gvFreeRenderData(rendered); }
};

// Graphviz takes char*, and writes through none of these.
char* chars(const std::string& text) {
  return const_cast<char*>(text.c_str());
}

void set(void* object, const std::string& attribute, const std::string& value) {
  agsafeset(object, chars(attribute), chars(value), chars(""));
}

const Colour& colour_of(std::size_t segment) {
  return kColours[segment % kColours.size()];
}

std::string title_of(const Variant& variant, std::size_t s) {
  const std::string left = "\\l";  // ends a line and sets it to the left
  const Segment& segment = variant.segments[s];
  std::string text = "Segment " + std::to_string(s + 1) + " · " + counted(segment.nodes, "node") + left;
  text += percent(variant.work[s]) + " of the work" + left;
  for (const auto& [width, time] : segment.cpu_time.alone)
    text += words(time) + " on " + counted(static_cast<std::size_t>(width), "core") + left;
  return text;
}

Microseconds time_of(const Plan& plan, const Box& box) {
  Microseconds time{};
  for (const std::size_t node : box.nodes) time += plan.nodes[node].time;
  return time;
}

// "Conv conv1", or "Conv conv1 and 2 more" where that is the slowest of three nodes; and the time of all.
std::string label_of(const Plan& plan, const Box& box) {
  const auto time = [&](std::size_t node) { return plan.nodes[node].time; };
  std::string label = readable(plan.nodes[*std::ranges::max_element(box.nodes, {}, time)].label, 24);
  if (box.nodes.size() > 1) label += " and " + std::to_string(box.nodes.size() - 1) + " more";
  return label + "\\n" + words(time_of(plan, box));
}

// What is shown when the pointer rests on a box; begins with a number, so that it is unique.
std::string name_of(const Plan& plan, const Box& box) {
  constexpr std::size_t kMostNamed = 20;
  std::string name = std::to_string(box.nodes.front() + 1) + ": ";
  for (std::size_t i = 0; i < std::min(box.nodes.size(), kMostNamed); ++i) {
    name += (i == 0 ? "" : ", ") + readable(plan.nodes[box.nodes[i]].label, 60);
  }
  return box.nodes.size() > kMostNamed ? name + ", …" : name;
}

std::string identifier(std::string name) {
  name.resize(std::min<std::size_t>(name.size(), 60));
  std::ranges::replace_if(
      name, [](unsigned char character) { return std::isalnum(character) == 0; }, '-');
  return "plan-" + name;
}

// Graphviz' state for the whole process: its Pango plugin (2.42) keeps a pointer into the first context and reads it in the next one,
// so there must not be a second.
GVC_t* graphviz() {
  static const std::unique_ptr<GVC_t, FreeGraphviz> context(gvContext());
  return context.get();
}

// Numbers the parts of a graph as they are made; names are then kept apart by Graphviz. Its own numbers are addresses, and since frames are
// drawn in the order of their numbers, the picture of a plan would change from time to time.
long number_in_order(void*, int, char* name, IDTYPE* id, int) {
  static IDTYPE next = 1;  // odd: Graphviz takes an even number for an address
  if (name != nullptr) return 0;
  *id = std::exchange(next, next + 2);
  return 1;
}

Agraph_t* new_graph(const std::string& name) {
  static Agiddisc_t numbering = [] {
    Agiddisc_t changed = AgIdDisc;
    changed.map = number_in_order;
    return changed;
  }();
  static Agdisc_t discipline = {&AgMemDisc, &numbering, &AgIoDisc};
  return agopen(chars(name), Agstrictdirected, &discipline);
}

class Drawing {
 public:
  Drawing(const Plan& plan, const Variant& variant, const std::vector<Box>& boxes);
  Result<std::string> svg() const;

 private:
  void style();
  void add_frame(std::size_t segment);
  Agnode_t* add_box(const Box& box, Agraph_t* frame) const;
  void add_title(std::size_t segment, Agraph_t* row) const;
  bool has_any_of(std::size_t segment, const std::set<std::size_t>& boxes) const;
  void add_edges(std::size_t position);
  void keep_next_below(std::size_t segment);

  const Plan& plan_;
  const Variant& variant_;
  const std::vector<Box>& boxes_;
  std::unique_ptr<Agraph_t, FreeGraphviz> graph_;
  std::vector<Agnode_t*> drawn_;                                       // by box
  std::map<std::pair<std::size_t, std::size_t>, std::string> to_say_;  // by segments: what passes, until it is written at an edge
};

Drawing::Drawing(const Plan& plan, const Variant& variant, const std::vector<Box>& boxes)
    : plan_(plan), variant_(variant), boxes_(boxes), graph_(new_graph(readable(plan.model, 60))), drawn_(boxes.size()) {
  style();
  for (const Crossing& crossing : crossings(plan, variant)) {
    const std::string many = crossing.tensors.size() > 1 ? counted(crossing.tensors.size(), "tensor") + ", " : "";
    to_say_[{crossing.from, crossing.to}] = many + words(crossing.bytes);
  }
  for (std::size_t s = 0; s < variant.segments.size(); ++s) add_frame(s);
  for (std::size_t i = 0; i < boxes.size(); ++i) add_edges(i);
  for (std::size_t s = 0; s < variant.segments.size(); ++s) keep_next_below(s);
}

void Drawing::style() {
  const std::string font = "system-ui,sans-serif";
  set(graph_.get(), "id", identifier(variant_.name));
  set(graph_.get(), "bgcolor", "white");
  set(graph_.get(), "pad", "0.1");
  set(graph_.get(), "nodesep", "0.2");
  set(graph_.get(), "ranksep", "0.25");
  agattr(graph_.get(), AGRAPH, chars("fontname"), chars(font));
  for (const int kind : {AGNODE, AGEDGE}) {
    agattr(graph_.get(), kind, chars("fontname"), chars(font));
    agattr(graph_.get(), kind, chars("fontsize"), chars("11"));
  }
  agattr(graph_.get(), AGNODE, chars("shape"), chars("box"));
  agattr(graph_.get(), AGNODE, chars("style"), chars("filled,rounded"));
  agattr(graph_.get(), AGNODE, chars("margin"), chars("0.1,0.04"));
  agattr(graph_.get(), AGNODE, chars("height"), chars("0.1"));
  agattr(graph_.get(), AGEDGE, chars("color"), chars("#666666"));
  agattr(graph_.get(), AGEDGE, chars("arrowsize"), chars("0.6"));
}

// The title is a node in the first row: the label of a Graphviz cluster would lie under the edges that enter.
void Drawing::add_frame(std::size_t segment) {
  Agraph_t* frame = agsubg(graph_.get(), chars("cluster" + std::to_string(segment)), 1);
  set(frame, "id", identifier(variant_.name) + "-segment-" + std::to_string(segment + 1));
  set(frame, "color", colour_of(segment).strong);
  set(frame, "style", "rounded");
  Agraph_t* first_row = agsubg(frame, chars("top" + std::to_string(segment)), 1);
  set(first_row, "rank", "same");
  add_title(segment, first_row);
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    if (boxes_[i].segment != segment) continue;
    drawn_[i] = add_box(boxes_[i], has_any_of(segment, boxes_[i].before) ? frame : first_row);
  }
}

void Drawing::add_title(std::size_t segment, Agraph_t* row) const {
  Agnode_t* title = agnode(row, chars("Segment " + std::to_string(segment + 1)), 1);
  set(title, "label", title_of(variant_, segment));
  set(title, "shape", "plain");
  set(title, "style", "");
  set(title, "fontcolor", colour_of(segment).strong);
}

bool Drawing::has_any_of(std::size_t segment, const std::set<std::size_t>& boxes) const {
  return std::ranges::any_of(boxes, [&](std::size_t box) { return boxes_[box].segment == segment; });
}

Agnode_t* Drawing::add_box(const Box& box, Agraph_t* frame) const {
  Agnode_t* node = agnode(frame, chars(name_of(plan_, box)), 1);
  set(node, "label", label_of(plan_, box));
  set(node, "fillcolor", colour_of(box.segment).light);
  set(node, "color", colour_of(box.segment).strong);
  return node;
}

void Drawing::add_edges(std::size_t position) {
  const Box& box = boxes_[position];
  for (const std::size_t next : box.after) {
    Agedge_t* edge = agedge(graph_.get(), drawn_[position], drawn_[next], nullptr, 1);
    if (boxes_[next].segment == box.segment) continue;
    set(edge, "penwidth", "3");
    set(edge, "color", "#222222");
    if (const auto found = to_say_.extract({box.segment, boxes_[next].segment})) set(edge, "label", " " + found.mapped());
  }
}

// Without this, Graphviz lets a segment begin beside the end of the one before it.
void Drawing::keep_next_below(std::size_t segment) {
  const auto first = std::ranges::find(boxes_, segment + 1, &Box::segment);
  if (first == boxes_.end()) return;
  const auto below = static_cast<std::size_t>(first - boxes_.begin());
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    if (boxes_[i].segment != segment || has_any_of(segment, boxes_[i].after)) continue;
    Agedge_t* edge = agedge(graph_.get(), drawn_[i], drawn_[below], nullptr, 1);
    if (!boxes_[i].after.contains(below)) set(edge, "style", "invis");
    set(edge, "weight", "20");
  }
}

Result<std::string> Drawing::svg() const {
  const Error failed{ErrorCode::internal,
                     "Graphviz could not draw the plan; install its plugins (libgvc6, with libgvplugin_dot_layout)"};
  if (gvLayout(graphviz(), graph_.get(), "dot") != 0) return failed;
  char* text = nullptr;
  unsigned int length = 0;
  const int status = gvRenderData(graphviz(), graph_.get(), "svg", &text, &length);
  const std::unique_ptr<char, FreeGraphviz> rendered(text);
  gvFreeLayout(graphviz(), graph_.get());
  if (status != 0) return failed;
  const std::string_view file(text, length);
  return std::string(file.substr(std::min(file.find("<svg"), file.size())));
}

}  // namespace

Result<std::string> drawing_of(const Plan& plan, const Variant& variant, const std::vector<Box>& boxes) {
  return Drawing(plan, variant, boxes).svg();
}

}  // namespace staronnx
