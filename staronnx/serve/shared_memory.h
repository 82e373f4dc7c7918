// Memory that clients on this machine share with the server: regions under names of theirs, which inputs are read from and outputs
// written to.
//
//   add(region) -> find(place) -> SharedBytes -> read() or write()
//
// A region is a part of a shared memory object (shm_open), used through its descriptor and never mapped: when a client makes the object
// shorter, that is an error of its request, where a mapping would end the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/serve/inference.h"

namespace staronnx {

struct SharedRegion {
  std::string name;
  std::string key;  // for shm_open(): one name, perhaps with a slash before it
  std::uint64_t offset = 0;
  std::uint64_t byte_size = 0;
};

// A place in a region, held: it stays what it is when the region is removed, or its object unlinked. Copies mean the same one.
class SharedBytes {
 public:
  SharedBytes(std::shared_ptr<const int> descriptor, SharedPlace place, std::uint64_t begin)
      : descriptor_(std::move(descriptor)), place_(std::move(place)), begin_(begin) {}

  // At the place's begin. Fail (invalid_argument) when the object has become too short; write() also when `from` is longer than the place.
  Status read(std::span<std::byte> into) const;
  Status write(std::span<const std::byte> from) const;

 private:
  std::shared_ptr<const int> descriptor_;
  SharedPlace place_;
  std::uint64_t begin_;  // in the object
};

// Thread-safe.
class SharedMemory {
 public:
  // Otherwise every add() is refused.
  explicit SharedMemory(bool allowed) : allowed_(allowed) {}

  // Errors: already_exists; unsupported where it is not allowed; not_found without such an object; invalid_argument for keys that
  // are no plain names, objects that are too short, and too many regions.
  Status add(const SharedRegion& region);

  // Without a name: all. Requests under way keep what they hold. What is not there is as good as removed.
  void remove(const std::string& name);

  // By name; without one: all. not_found.
  Result<std::vector<SharedRegion>> status(const std::string& name) const;

  // Errors are those that clients look for: not_found, and invalid_argument for what is outside the region.
  Result<SharedBytes> find(const SharedPlace& place) const;

 private:
  struct Entry {
    SharedRegion region;
    std::shared_ptr<const int> descriptor;  // closed with its last holder
  };

  const bool allowed_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Entry, std::less<>> regions_;
};

}  // namespace staronnx
