// Memory that clients on this machine share with the server: regions under names of theirs, which inputs are read from and outputs
// written to.
//
//   add(region) -> find(place) -> SharedBytes -> read() or write()
//
// A region of system shared memory is a part of an object (shm_open), used through its descriptor and never mapped: when a client makes the
// object shorter, that is an error of its request, where a mapping would end the server. One of CUDA shared memory is an allocation on a GPU.
// Both kinds share their names, as requests do not say which they mean.
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
#include "staronnx/serve/shared_object.h"

namespace staronnx {

struct SharedRegion {
  std::string name;
  std::string key;  // for shm_open(): one name, perhaps with a slash before it
  std::uint64_t offset = 0;
  std::uint64_t byte_size = 0;
};

struct CudaRegion {
  std::string name;
  std::string handle;       // the bytes of a cudaIpcMemHandle_t
  std::int64_t device = 0;  // as CUDA numbers GPUs
  std::uint64_t byte_size = 0;
};

// A place in a region, held: it stays what it is when the region is removed, or its object unlinked. Copies mean the same one.
class SharedBytes {
 public:
  SharedBytes(std::shared_ptr<const SharedObject> object, std::uint64_t byte_size, std::uint64_t begin)
      : object_(std::move(object)), byte_size_(byte_size), begin_(begin) {}

  // At the place's begin. Fail as SharedObject's; write() also when `from` is longer than the place (invalid_argument).
  Status read(std::span<std::byte> into) const { return object_->read(begin_, into); }
  Status write(std::span<const std::byte> from) const;

 private:
  std::shared_ptr<const SharedObject> object_;
  std::uint64_t byte_size_;  // of the place
  std::uint64_t begin_;      // in the object
};

// Thread-safe.
class SharedMemory {
 public:
  // Otherwise every add() of system shared memory is refused.
  explicit SharedMemory(bool system_allowed) : system_allowed_(system_allowed) {}

  // Errors: already_exists; unsupported where it is not allowed; not_found without such an object; invalid_argument for keys that
  // are no plain names, objects that are too short, and too many regions.
  Status add(const SharedRegion& region);
  Status add(const CudaRegion& region);  // the same errors; unsupported in builds without CUDA and without a GPU

  // Of a kind. Without a name: all. Requests under way keep what they hold. What is not there is as good as removed.
  void remove(const std::string& name);
  void remove_cuda(const std::string& name);

  // Of a kind, by name; without one: all. not_found.
  Result<std::vector<SharedRegion>> status(const std::string& name) const;
  Result<std::vector<CudaRegion>> cuda_status(const std::string& name) const;

  // Errors are those that clients look for: not_found, and invalid_argument for what is outside the region.
  Result<SharedBytes> find(const SharedPlace& place) const;

 private:
  template <class Region>
  struct Entry {
    Region region;
    std::shared_ptr<const SharedObject> object;
  };
  template <class Region>
  using Entries = std::map<std::string, Entry<Region>, std::less<>>;

  // With the lock held.
  template <class Region>
  Status add_to(Entries<Region>& entries, const Region& region,
                Result<std::shared_ptr<const SharedObject>> (*open)(const Region&));

  const bool system_allowed_;
  mutable std::mutex mutex_;  // guards what follows
  Entries<SharedRegion> system_;
  Entries<CudaRegion> cuda_;
};

}  // namespace staronnx
