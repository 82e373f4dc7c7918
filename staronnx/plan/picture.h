// A plan as people see it.
#pragma once

#include <string>

#include "staronnx/base/result.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

// The plan in words, some lines of plain text: model, machine, each variant's segments with their times, shares and what crosses.
std::string describe(const Plan& plan);

// The graph as an SVG picture: a frame of its own colour for each segment, chains of nodes folded into one box, edges that cross a cut
// drawn bold with the bytes that pass. Graphs that are still large are folded further, to at most some hundred boxes, so that every
// picture is drawn in about a second. Drawn by Graphviz, inside this process.
//
// The text is one <svg> element that refers to nothing outside itself, without XML prolog: it can stand in an HTML page as it is, several
// in one page when the variants' names differ, and is a valid .svg file. Texts are escaped. `variant` is one of the plan's.
// Fails on a plan whose nodes do not come in topological order, and when Graphviz' plugins are not installed.
// Thread: Graphviz keeps global state; one call at a time in the whole process. It leaks about 10 KB a picture.
Result<std::string> svg_of(const Plan& plan, const Variant& variant);

}  // namespace staronnx
