#include "staronnx/plan/drawing.h"

#include <gmock/gmock.h>

#include <cctype>
#include <set>
#include <string_view>

#include "staronnx/model/utf8.h"
#include "staronnx/plan/plan_for_test.h"

namespace staronnx {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string drawn(const Plan& plan) {
  const Result<std::string> svg = drawing_of(plan, plan.variants[0], folded(plan, plan.variants[0]));
  EXPECT_TRUE(svg);
  return svg ? *svg : "";
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// Boxes of nodes; each frame has one title besides.
std::size_t boxes_in(const std::string& svg) {
  return count(svg, "class=\"node\"") - count(svg, "class=\"cluster\"");
}

// Reads XML far enough to find what is not well-formed; empty when all is well.
class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : rest_(text) {}

  std::string complaint() {
    while (complaint_.empty() && !rest_.empty()) {
      if (rest_.starts_with("<!--")) {
        const std::string_view comment = take_until("-->").substr(4);
        if (comment.find("--") != std::string_view::npos) complaint_ = "-- inside a comment";
      } else if (rest_.starts_with('<')) {
        tag(take_until(">"));
      } else {
        characters(rest_.substr(0, rest_.find('<')));
        rest_.remove_prefix(std::min(rest_.find('<'), rest_.size()));
      }
    }
    return !complaint_.empty() ? complaint_ : open_.empty() ? "" : "not closed: " + open_.back();
  }

 private:
  std::string_view take_until(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) complaint_ = "no " + std::string(end);
    const std::string_view taken = rest_.substr(0, at);
    rest_.remove_prefix(std::min(rest_.size(), taken.size() + end.size()));
    return taken;
  }

  void tag(std::string_view text) {
    text.remove_prefix(1);
    if (text.starts_with('/')) {
      if (open_.empty() || open_.back() != text.substr(1)) {
        complaint_ = "closed but not open: " + std::string(text);
      } else {
        open_.pop_back();
      }
      return;
    }
    if (count(text, "\"") % 2 != 0 || text.find('<') != std::string_view::npos) complaint_ = "broken tag: " + std::string(text);
    characters(text);
    if (!text.ends_with('/')) open_.emplace_back(text.substr(0, text.find_first_of(" \n")));
  }

  void characters(std::string_view text) {
    static const std::set<std::string_view> known = {"amp", "lt", "gt", "quot", "apos", "#39", "#45", "#160"};
    for (std::size_t at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1)) {
      const std::string_view name = text.substr(at + 1, text.find(';', at) - at - 1);
      if (!known.contains(name)) complaint_ = "unknown entity: " + std::string(name.substr(0, 20));
    }
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x20 && c != '\n') complaint_ = "control character";
    }
    if (!utf32_of(text)) complaint_ = "not UTF-8";
  }

  std::string_view rest_;
  std::vector<std::string> open_;
  std::string complaint_;
};

TEST(Drawing, HasAFrameForEachSegmentAndABoxForEachChain) {
  const std::string svg = drawn(plan_of(chain(9), {0, 0, 0, 0, 0, 1, 1, 1, 2}));
  EXPECT_EQ(count(svg, "class=\"cluster\""), 3u);
  EXPECT_EQ(boxes_in(svg), 3u);
  EXPECT_THAT(svg, HasSubstr(">Op0 and 4 more<"));
  EXPECT_THAT(svg, HasSubstr(">5 ms<"));
  EXPECT_THAT(svg, HasSubstr(">Op5 and 2 more<"));
  EXPECT_THAT(svg, HasSubstr(">Op8<"));
  EXPECT_THAT(svg, HasSubstr(">Segment 1 · 5 nodes<"));
}

TEST(Drawing, KeepsBranchesApart) {
  const std::string svg = drawn(plan_of({{}, {0}, {1}, {0}, {2, 3}}, {0, 0, 0, 0, 0}));
  EXPECT_EQ(boxes_in(svg), 4u);
  EXPECT_THAT(svg, HasSubstr(">Op1 and 1 more<"));
}

TEST(Drawing, DrawsWhatCrossesBoldWithItsBytes) {
  const std::string svg = drawn(plan_of(chain(4), {0, 0, 1, 1}));
  EXPECT_EQ(count(svg, "class=\"edge\""), 1u);
  EXPECT_EQ(count(svg, "stroke-width=\"3\""), 2u);  // line and arrow head
  EXPECT_EQ(count(svg, "1 KiB<"), 1u);
  EXPECT_THAT(drawn(plan_of(chain(4), {0, 0, 0, 0})), Not(HasSubstr("stroke-width")));
}

TEST(Drawing, StandsInAPageAsItIs) {
  const Plan plan = plan_of(chain(4), {0, 0, 1, 1});
  const std::string svg = drawn(plan);
  EXPECT_TRUE(svg.starts_with("<svg"));
  EXPECT_THAT(svg, HasSubstr("xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, Not(HasSubstr("href")));
  EXPECT_EQ(XmlReader(svg).complaint(), "");
}

TEST(Drawing, IsTheSameEachTime) {
  const Plan plan = plan_of(chain(8), {0, 0, 1, 1, 2, 2, 3, 3});
  const std::string svg = drawn(plan);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(drawn(plan), svg);
}

TEST(Drawing, OfALargeGraphIsFoldedToAViewableNumberOfBoxes) {
  std::vector<std::vector<std::size_t>> blocks(1000);  // a residual network: three nodes and a shortcut
  for (std::size_t node = 1; node < blocks.size(); ++node) blocks[node] = {node - 1};
  for (std::size_t node = 3; node < blocks.size(); node += 3) blocks[node].push_back(node - 3);
  std::vector<std::vector<std::size_t>> grid(1000);  // no box has an only neighbour
  for (std::size_t node = 1; node < grid.size(); ++node) {
    if (node % 25 != 0) grid[node].push_back(node - 1);
    if (node >= 25) grid[node].push_back(node - 25);
  }
  std::vector<std::size_t> halves(1000, 0);
  std::fill(halves.begin() + 600, halves.end(), 1);
  for (const auto& reads : {blocks, grid}) {
    const std::string svg = drawn(plan_of(reads, halves));
    EXPECT_LE(boxes_in(svg), 31u);
    EXPECT_GE(boxes_in(svg), 10u);
    EXPECT_EQ(count(svg, "class=\"cluster\""), 2u);
    EXPECT_EQ(XmlReader(svg).complaint(), "");
  }
}

TEST(Drawing, EscapesWhateverStandsInNames) {
  Plan plan = plan_of(chain(4), {0, 0, 1, 1});
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  const std::vector<std::string> hostile = {"</title></svg><script>alert(1)</script>",
                                            "<b>bold</b>",
                                            "a&amp;b &bogus; &#0; &",
                                            "\"quoted\" --> ]]>",
                                            "back\\slash \\N \\G \\",
                                            "ünïcödé 模型 \xed\xa0\x80",
                                            all,
                                            std::string("nul\0byte", 8),
                                            "\xff\xfe",
                                            "",
                                            std::string(5000, 'x')};
  for (const std::string& text : hostile) {
    plan.model = plan.variants[0].name = text;
    for (PlanNode& node : plan.nodes) node.label = text;
    const std::string svg = drawn(plan);
    EXPECT_EQ(XmlReader(svg).complaint(), "") << text;
    EXPECT_THAT(svg, Not(HasSubstr("<script")));
    EXPECT_EQ(boxes_in(svg), 2u);
    EXPECT_LT(svg.size(), 20'000u);
  }
}

TEST(Drawing, ShowsLetters) {
  Plan plan = plan_of({{}}, {0});
  plan.nodes[0].label = "Größe <b> & \\N 模型";
  EXPECT_THAT(drawn(plan), HasSubstr(">Größe &lt;b&gt; &amp; \\N 模型<"));
}

}  // namespace
}  // namespace staronnx
