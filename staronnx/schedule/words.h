// Numbers and texts in one flat array of words, as they travel to a node and back.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace staronnx {

using Word = std::int64_t;

inline std::size_t words_for(std::size_t bytes) {
  return (bytes + sizeof(Word) - 1) / sizeof(Word);
}

// Appends.
inline void put(std::vector<Word>& words, std::string_view text) {
  words.push_back(static_cast<Word>(text.size()));
  const std::size_t begin = words.size();
  words.resize(begin + words_for(text.size()));
  std::memcpy(words.data() + begin, text.data(), text.size());
}

// Reads in order. What is not there reads as 0 or empty, and complete() is false from then on.
class WordReader {
 public:
  explicit WordReader(std::span<const Word> words) : left_(words) {}

  Word number() {
    const std::span<const Word> word = take(1);
    return word.empty() ? 0 : word[0];
  }

  // That many, where they are.
  std::span<const Word> take(std::size_t count) {
    if (count > left_.size()) complete_ = false;
    if (!complete_) return {};
    const std::span<const Word> taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  std::string text() {
    const auto bytes = static_cast<std::size_t>(number());
    if (bytes > left_.size_bytes()) complete_ = false;
    if (!complete_) return {};
    std::string text(bytes, '\0');
    std::memcpy(text.data(), take(words_for(bytes)).data(), bytes);
    return text;
  }

  bool complete() const { return complete_; }

 private:
  std::span<const Word> left_;
  bool complete_ = true;
};

}  // namespace staronnx
