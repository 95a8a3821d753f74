// SPDX-License-Identifier: MIT
// Reads zip and zip64 archives with stored or deflated members, and checks
// their CRC-32. Free of LibTorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm::internal {

// Bytes with random access, such as a file.
struct ByteSource {
  uint64_t size = 0;
  // Fills `to` with `count` bytes from `offset`; both lie within `size`.
  std::function<absl::Status(uint64_t offset, char* to, size_t count)> read;
};

// The file must not change while it is read.
absl::StatusOr<ByteSource> OpenBytes(const std::string& path);
// Owns `bytes`.
ByteSource BytesOf(std::string bytes);

struct ZipMember {
  std::string name;
  uint16_t flags = 0;
  uint16_t method = 0;  // 0: stored, 8: deflated
  uint32_t crc = 0;
  uint64_t packed_size = 0;
  uint64_t size = 0;
  uint64_t offset = 0;  // of its local header
};

class ZipFile {
 public:
  // DataLoss for an invalid directory: truncated, repeated names, members
  // outside the file or overlapping.
  static absl::StatusOr<ZipFile> Open(ByteSource source);

  const std::vector<ZipMember>& members() const { return members_; }
  // nullptr if absent.
  const ZipMember* Find(absl::string_view name) const;
  // The content. DataLoss if the member's header, size or CRC-32 differs from
  // the directory; InvalidArgument if it is encrypted, compressed by another
  // method or larger than `max_bytes`.
  absl::StatusOr<std::string> Read(const ZipMember& member,
                                   int64_t max_bytes) const;
  // Checks the content, with the same errors except for the size.
  absl::Status Check(const ZipMember& member) const;

 private:
  absl::Status ReadDirectory(uint64_t offset, uint64_t size, uint64_t count);
  absl::StatusOr<uint64_t> DataOffset(const ZipMember& member) const;
  using Sink = std::function<void(absl::string_view)>;
  absl::Status Stream(const ZipMember& member, const Sink& sink) const;

  ByteSource source_;
  std::vector<ZipMember> members_;  // as the directory lists them
  std::map<std::string, size_t> places_;
  // torch.save can omit checksums; all are then 0.
  bool has_checksums_ = true;
};

}  // namespace arctrm::internal
