// What the fuzzers feed: each parser of the room, and what follows when it accepts the input. They return normally on any input;
// a broken promise, such as a tensor that does not survive being written and read again, ends the program.
#pragma once

#include <cstddef>
#include <span>

namespace staronnx {

void try_model(std::span<const std::byte> input);         // load, normalize, extract
void try_npy(std::span<const std::byte> input);           // read, write, read
void try_tensor_proto(std::span<const std::byte> input);  // read, write, read
void try_shape(std::span<const std::byte> input);         // parse, print, parse

}  // namespace staronnx
