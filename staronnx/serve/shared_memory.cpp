#include "staronnx/serve/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

namespace staronnx {
namespace {

// Each holds a descriptor; connections need some, too.
constexpr std::size_t kMostRegions = 512;

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::string why() {
  return std::generic_category().message(errno);
}

// Nothing for what is no plain file.
std::optional<std::uint64_t> size_of(int descriptor) {
  struct stat about {};
  if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(about.st_size);
}

bool is_plain(std::string_view key) {
  if (key.starts_with('/')) key.remove_prefix(1);
  const bool odd = key.find('/') != std::string_view::npos || key.find('\0') != std::string_view::npos;
  return !odd && !key.empty() && key != "." && key != "..";
}

Result<std::shared_ptr<const int>> open_object(const SharedRegion& region) {
  const std::string of = "shared memory region '" + region.name + "'";
  if (!is_plain(region.key))
    return invalid("failed to register " + of + ": '" + region.key +
                   "' is no key; a key is one name without further slashes, such as /frames");
  const int opened = shm_open(region.key.c_str(), O_RDWR | O_NONBLOCK, 0);
  if (opened < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::invalid_argument;
    return Error{code, "Unable to open shared memory region: '" + region.name + "' with the key '" + region.key + "': " + why()};
  }
  std::shared_ptr<const int> descriptor(new int(opened), [](const int* open) {
    close(*open);
    delete open;
  });
  const std::optional<std::uint64_t> size = size_of(opened);
  if (!size || region.offset > *size || region.byte_size > *size - region.offset)
    return invalid("failed to register " + of + ": invalid args: offset " + std::to_string(region.offset) + " and byte size " +
                   std::to_string(region.byte_size) + " are beyond the " + std::to_string(size.value_or(0)) + " bytes of '" +
                   region.key + "'");
  return descriptor;
}

Error too_short(const SharedPlace& place) {
  return invalid("shared memory region '" + place.region +
                 "' has become shorter than it was when it was registered; register it anew");
}

// `transfer(done)` moves bytes from there on, as pread() and pwrite() do.
template <class Transfer>
Status in_pieces(std::size_t bytes, const SharedPlace& place, const Transfer& transfer) {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t moved = transfer(done);
    if (moved == 0) return too_short(place);
    if (moved < 0 && errno != EINTR) return Error{ErrorCode::internal, "shared memory region '" + place.region + "': " + why()};
    done += static_cast<std::size_t>(std::max<ssize_t>(moved, 0));
  }
  return {};
}

}  // namespace

Status SharedBytes::read(std::span<std::byte> into) const {
  return in_pieces(into.size(), place_, [&](std::size_t done) {
    return pread(*descriptor_, into.data() + done, into.size() - done, static_cast<off_t>(begin_ + done));
  });
}

Status SharedBytes::write(std::span<const std::byte> from) const {
  if (from.size() > place_.byte_size)
    return invalid("shared memory size specified with the request (" + std::to_string(place_.byte_size) +
                   " bytes) should be at least " + std::to_string(from.size()) + " bytes to hold the results");
  if (size_of(*descriptor_).value_or(0) < begin_ + from.size()) return too_short(place_);  // writing would make it longer
  return in_pieces(from.size(), place_, [&](std::size_t done) {
    return pwrite(*descriptor_, from.data() + done, from.size() - done, static_cast<off_t>(begin_ + done));
  });
}

Status SharedMemory::add(const SharedRegion& region) {
  if (!allowed_)
    return Error{ErrorCode::unsupported,
                 "system shared memory is off on this server, so region '" + region.name +
                     "' is not registered; start it with --allow-system-shared-memory, or send the bytes"};
  const std::lock_guard lock(mutex_);
  if (region.name.empty()) return invalid("a shared memory region must have a name");
  if (regions_.contains(region.name))
    return Error{ErrorCode::already_exists, "shared memory region '" + region.name + "' already in manager"};
  if (regions_.size() == kMostRegions)
    return invalid("there are " + std::to_string(kMostRegions) + " shared memory regions already; unregister those not needed");
  Result<std::shared_ptr<const int>> descriptor = open_object(region);
  if (!descriptor) return descriptor.error();
  regions_.emplace(region.name, Entry{region, *std::move(descriptor)});
  return {};
}

void SharedMemory::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (name.empty()) {
    regions_.clear();
  } else {
    regions_.erase(name);
  }
}

Result<std::vector<SharedRegion>> SharedMemory::status(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  if (!name.empty() && !regions_.contains(name))
    return Error{ErrorCode::not_found, "Unable to find system shared memory region: '" + name + "'"};
  std::vector<SharedRegion> regions;
  for (const auto& [known, entry] : regions_) {
    if (name.empty() || known == name) regions.push_back(entry.region);
  }
  return regions;
}

Result<SharedBytes> SharedMemory::find(const SharedPlace& place) const {
  const std::lock_guard lock(mutex_);
  const auto found = regions_.find(place.region);
  if (found == regions_.end()) return Error{ErrorCode::not_found, "Unable to find shared memory region: '" + place.region + "'"};
  const SharedRegion& region = found->second.region;
  if (place.offset > region.byte_size) return invalid("Invalid offset for shared memory region: '" + place.region + "'");
  if (place.byte_size > region.byte_size - place.offset)
    return invalid("Invalid offset + byte size for shared memory region: '" + place.region + "'");
  return SharedBytes(found->second.descriptor, place, region.offset + place.offset);
}

}  // namespace staronnx
