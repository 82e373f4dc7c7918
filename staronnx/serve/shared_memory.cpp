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

#include "staronnx/serve/cuda_memory.h"

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

class SystemObject final : public SharedObject {
 public:
  SystemObject(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}
  ~SystemObject() override { close(descriptor_); }

  Status read(std::uint64_t begin, std::span<std::byte> into) const override {
    return in_pieces(into.size(), [&](std::size_t done) {
      return pread(descriptor_, into.data() + done, into.size() - done, static_cast<off_t>(begin + done));
    });
  }

  Status write(std::uint64_t begin, std::span<const std::byte> from) const override {
    if (size_of(descriptor_).value_or(0) < begin + from.size()) return too_short();  // writing would make it longer
    return in_pieces(from.size(), [&](std::size_t done) {
      return pwrite(descriptor_, from.data() + done, from.size() - done, static_cast<off_t>(begin + done));
    });
  }

 private:
  Error too_short() const {
    return invalid("shared memory region '" + name_ +
                   "' has become shorter than it was when it was registered; register it anew");
  }

  // `transfer(done)` moves bytes from there on, as pread() and pwrite() do.
  template <class Transfer>
  Status in_pieces(std::size_t bytes, const Transfer& transfer) const {
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t moved = transfer(done);
      if (moved == 0) return too_short();
      if (moved < 0 && errno != EINTR) return Error{ErrorCode::internal, "shared memory region '" + name_ + "': " + why()};
      done += static_cast<std::size_t>(std::max<ssize_t>(moved, 0));
    }
    return {};
  }

  const std::string name_;
  const int descriptor_;
};

Result<std::shared_ptr<const SharedObject>> open_object(const SharedRegion& region) {
  const std::string of = "shared memory region '" + region.name + "'";
  if (!is_plain(region.key))
    return invalid("failed to register " + of + ": '" + region.key +
                   "' is no key; a key is one name without further slashes, such as /frames");
  const int opened = shm_open(region.key.c_str(), O_RDWR | O_NONBLOCK, 0);
  if (opened < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::invalid_argument;
    return Error{code, "Unable to open shared memory region: '" + region.name + "' with the key '" + region.key + "': " + why()};
  }
  std::shared_ptr<const SharedObject> object = std::make_shared<const SystemObject>(region.name, opened);
  const std::optional<std::uint64_t> size = size_of(opened);
  if (!size || region.offset > *size || region.byte_size > *size - region.offset)
    return invalid("failed to register " + of + ": invalid args: offset " + std::to_string(region.offset) + " and byte size " +
                   std::to_string(region.byte_size) + " are beyond the " + std::to_string(size.value_or(0)) + " bytes of '" +
                   region.key + "'");
  return object;
}

// Without a name: all.
template <class Entries>
void remove_from(Entries& entries, const std::string& name) {
  name.empty() ? entries.clear() : void(entries.erase(name));
}

template <class Region, class Entries>
Result<std::vector<Region>> status_in(const Entries& entries, const std::string& name, const std::string& kind) {
  if (!name.empty() && !entries.contains(name))
    return Error{ErrorCode::not_found, "Unable to find " + kind + " shared memory region: '" + name + "'"};
  std::vector<Region> regions;
  for (const auto& [known, entry] : entries) {
    if (name.empty() || known == name) regions.push_back(entry.region);
  }
  return regions;
}

// `offset`: of the region in its object.
Result<SharedBytes> place_in(const std::shared_ptr<const SharedObject>& object, std::uint64_t offset, std::uint64_t byte_size,
                             const SharedPlace& place) {
  if (place.offset > byte_size) return invalid("Invalid offset for shared memory region: '" + place.region + "'");
  if (place.byte_size > byte_size - place.offset)
    return invalid("Invalid offset + byte size for shared memory region: '" + place.region + "'");
  return SharedBytes(object, place.byte_size, offset + place.offset);
}

}  // namespace

Status SharedBytes::write(std::span<const std::byte> from) const {
  if (from.size() <= byte_size_) return object_->write(begin_, from);
  return invalid("shared memory size specified with the request (" + std::to_string(byte_size_) + " bytes) should be at least " +
                 std::to_string(from.size()) + " bytes to hold the results");
}

Status SharedMemory::add(const SharedRegion& region) {
  if (!system_allowed_)
    return Error{ErrorCode::unsupported,
                 "system shared memory is off on this server, so region '" + region.name +
                     "' is not registered; start it with --allow-system-shared-memory, or send the bytes"};
  const std::lock_guard lock(mutex_);
  return add_to(system_, region, open_object);
}

Status SharedMemory::add(const CudaRegion& region) {
  const std::lock_guard lock(mutex_);
  return add_to(cuda_, region, open_cuda_memory);
}

template <class Region>
Status SharedMemory::add_to(Entries<Region>& entries, const Region& region,
                            Result<std::shared_ptr<const SharedObject>> (*open)(const Region&)) {
  if (region.name.empty()) return invalid("a shared memory region must have a name");
  if (system_.contains(region.name) || cuda_.contains(region.name))
    return Error{ErrorCode::already_exists, "shared memory region '" + region.name + "' already in manager"};
  if (system_.size() + cuda_.size() == kMostRegions)
    return invalid("there are " + std::to_string(kMostRegions) + " shared memory regions already; unregister those not needed");
  Result<std::shared_ptr<const SharedObject>> object = open(region);
  if (!object) return object.error();
  entries.emplace(region.name, Entry<Region>{region, *std::move(object)});
  return {};
}

void SharedMemory::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  remove_from(system_, name);
}

void SharedMemory::remove_cuda(const std::string& name) {
  const std::lock_guard lock(mutex_);
  remove_from(cuda_, name);
}

Result<std::vector<SharedRegion>> SharedMemory::status(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return status_in<SharedRegion>(system_, name, "system");
}

Result<std::vector<CudaRegion>> SharedMemory::cuda_status(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return status_in<CudaRegion>(cuda_, name, "cuda");
}

Result<SharedBytes> SharedMemory::find(const SharedPlace& place) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = system_.find(place.region); found != system_.end())
    return place_in(found->second.object, found->second.region.offset, found->second.region.byte_size, place);
  if (const auto found = cuda_.find(place.region); found != cuda_.end())
    return place_in(found->second.object, 0, found->second.region.byte_size, place);
  return Error{ErrorCode::not_found, "Unable to find shared memory region: '" + place.region + "'"};
}

}  // namespace staronnx
