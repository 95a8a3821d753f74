// SPDX-License-Identifier: MIT
// Reads zip archives: the directory (zip64 too), members stored or deflated,
// each checked against its CRC-32. No Torch here.
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

// Bytes that can be read at any place, such as a file.
struct ByteSource {
  uint64_t size = 0;
  // Fills `to` with `count` bytes from `offset`; both lie within `size`.
  std::function<absl::Status(uint64_t offset, char* to, size_t count)> read;
};

// `path` must stay as it is while it is read.
absl::StatusOr<ByteSource> OpenBytes(const std::string& path);
// `bytes` are kept.
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
  // DataLoss where there is no sound directory: cut short, names twice, members
  // outside the file or overlapping.
  static absl::StatusOr<ZipFile> Open(ByteSource source);

  const std::vector<ZipMember>& members() const { return members_; }
  // nullptr when absent.
  const ZipMember* Find(absl::string_view name) const;
  // The content. DataLoss where the member's own header, its size or its CRC-32
  // differs from the directory; InvalidArgument where it is encrypted, packed
  // in another way or larger than `max_bytes`.
  absl::StatusOr<std::string> Read(const ZipMember& member,
                                   int64_t max_bytes) const;
  // Reads the content only to check it: the same errors but for the size.
  absl::Status Check(const ZipMember& member) const;

 private:
  absl::Status ReadDirectory(uint64_t offset, uint64_t size, uint64_t count);
  absl::StatusOr<uint64_t> DataOffset(const ZipMember& member) const;
  using Sink = std::function<void(absl::string_view)>;
  absl::Status Stream(const ZipMember& member, const Sink& sink) const;

  ByteSource source_;
  std::vector<ZipMember> members_;  // as the directory lists them
  std::map<std::string, size_t> places_;
  // torch.save can be told to write no checksums: then all are 0.
  bool has_checksums_ = true;
};

}  // namespace arctrm::internal
