// SPDX-License-Identifier: MIT
#include "solver/checkpoint/zip.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm::internal {
namespace {

constexpr uint32_t kLocal = 0x04034b50;
constexpr uint32_t kCentral = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kLocator64 = 0x07064b50;
constexpr size_t kLocalBytes = 30;
constexpr size_t kCentralBytes = 46;
constexpr size_t kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56;
constexpr size_t kLocator64Bytes = 20;
constexpr uint64_t kMaxComment = 65535;
constexpr uint16_t kZip64Extra = 1;
constexpr uint16_t kEncrypted = 1;
constexpr uint16_t kSizesFollow = 8;

// A little-endian number; the caller checks the range.
uint64_t Number(absl::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    value |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  }
  return value;
}
uint16_t Short(absl::string_view bytes, size_t at) {
  return static_cast<uint16_t>(Number(bytes, at, 2));
}
uint32_t Word(absl::string_view bytes, size_t at) {
  return static_cast<uint32_t>(Number(bytes, at, 4));
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("damaged zip archive: ", what));
}

absl::StatusOr<std::string> Part(const ByteSource& source, uint64_t offset,
                                 uint64_t size) {
  if (offset > source.size || size > source.size - offset) {
    return Damaged("it ends too early; copy or download it again");
  }
  std::string bytes(static_cast<size_t>(size), '\0');
  ARCTRM_RETURN_IF_ERROR(
      source.read(offset, bytes.data(), static_cast<size_t>(size)));
  return bytes;
}

// Sizes and offsets above 32 bits are in an extra field.
absl::Status ReadZip64(absl::string_view extra, ZipMember& member) {
  while (extra.size() >= 4) {
    const uint16_t kind = Short(extra, 0);
    const size_t size = Short(extra, 2);
    extra.remove_prefix(4);
    if (size > extra.size()) break;
    if (kind != kZip64Extra) {
      extra.remove_prefix(size);
      continue;
    }
    size_t at = 0;
    for (uint64_t* value :
         {&member.size, &member.packed_size, &member.offset}) {
      if (*value != 0xffffffff) continue;
      if (at + 8 > size) return Damaged("a field of 64 bits is missing");
      *value = Number(extra, at, 8);
      at += 8;
    }
    break;
  }
  return absl::OkStatus();
}

// Passes `size` bytes from `offset` to `sink` in pieces.
absl::Status ReadPieces(
    const ByteSource& source, uint64_t offset, uint64_t size,
    const std::function<absl::StatusOr<bool>(absl::string_view)>& sink) {
  constexpr uint64_t kPiece = 1 << 22;
  while (size > 0) {
    const uint64_t count = std::min(size, kPiece);
    ARCTRM_ASSIGN_OR_RETURN(const std::string bytes,
                            Part(source, offset, count));
    ARCTRM_ASSIGN_OR_RETURN(const bool more, sink(bytes));
    if (!more) break;
    offset += count;
    size -= count;
  }
  return absl::OkStatus();
}

// Inflates data piece by piece.
class Inflater {
 public:
  Inflater() : chunk_(1 << 18, '\0') {
    ready_ = inflateInit2(&stream_, -MAX_WBITS) == Z_OK;
    status_ = Z_OK;
  }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  bool ended() const { return status_ == Z_STREAM_END; }

  // false: end of data, or damage.
  bool Add(absl::string_view packed,
           const std::function<bool(absl::string_view)>& sink) {
    // zlib does not write to its input.
    stream_.next_in =
        reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    size_t made = chunk_.size();
    while (status_ == Z_OK && (stream_.avail_in > 0 || made == chunk_.size())) {
      stream_.next_out = reinterpret_cast<Bytef*>(chunk_.data());
      stream_.avail_out = static_cast<uInt>(chunk_.size());
      status_ = inflate(&stream_, Z_NO_FLUSH);
      // zlib needs more input.
      if (status_ == Z_BUF_ERROR) status_ = Z_OK;
      made = chunk_.size() - stream_.avail_out;
      if (!sink({chunk_.data(), made})) return false;
      if (made == 0) break;
    }
    return status_ == Z_OK;
  }

 private:
  z_stream stream_ = {};
  std::string chunk_;
  bool ready_ = false;
  int status_ = Z_OK;
};

}  // namespace

absl::StatusOr<ByteSource> OpenBytes(const std::string& path) {
  auto file = std::make_shared<std::ifstream>(path, std::ios::binary);
  if (!*file || !file->seekg(0, std::ios::end)) {
    return absl::NotFoundError(absl::StrCat("can't read ", path));
  }
  const std::streamoff size = file->tellg();
  ByteSource source;
  source.size = static_cast<uint64_t>(std::max<std::streamoff>(0, size));
  source.read = [file](uint64_t offset, char* to, size_t count) {
    file->clear();
    file->seekg(static_cast<std::streamoff>(offset));
    if (!file->read(to, static_cast<std::streamsize>(count))) {
      return absl::DataLossError(
          absl::StrCat("can't read ", count, " bytes at ", offset));
    }
    return absl::OkStatus();
  };
  return source;
}

ByteSource BytesOf(std::string bytes) {
  auto kept = std::make_shared<const std::string>(std::move(bytes));
  ByteSource source;
  source.size = kept->size();
  source.read = [kept](uint64_t offset, char* to, size_t count) {
    std::memcpy(to, kept->data() + offset, count);
    return absl::OkStatus();
  };
  return source;
}

absl::StatusOr<ZipFile> ZipFile::Open(ByteSource source) {
  ZipFile zip;
  zip.source_ = std::move(source);
  const uint64_t size = zip.source_.size;
  const uint64_t tail_size = std::min<uint64_t>(size, kEndBytes + kMaxComment);
  ARCTRM_ASSIGN_OR_RETURN(const std::string tail,
                          Part(zip.source_, size - tail_size, tail_size));
  // Finds the end record; a comment may follow it.
  size_t end = tail.size();
  for (size_t left = tail.size(); left >= kEndBytes; --left) {
    const size_t at = left - kEndBytes;
    if (Word(tail, at) != kEnd ||
        at + kEndBytes + Short(tail, at + 20) != tail.size()) {
      continue;
    }
    end = at;
    break;
  }
  if (end == tail.size()) {
    return Damaged(absl::StrCat("it ends after ", size,
                                " bytes, before its directory; is it still "
                                "being written? Else copy or download it "
                                "again"));
  }
  uint64_t count = Short(tail, end + 10);
  uint64_t directory_size = Word(tail, end + 12);
  uint64_t offset = Word(tail, end + 16);
  const uint64_t end_at = size - tail_size + end;
  if (end_at >= kLocator64Bytes) {
    ARCTRM_ASSIGN_OR_RETURN(
        const std::string locator,
        Part(zip.source_, end_at - kLocator64Bytes, kLocator64Bytes));
    if (Word(locator, 0) == kLocator64) {
      ARCTRM_ASSIGN_OR_RETURN(
          const std::string end64,
          Part(zip.source_, Number(locator, 8, 8), kEnd64Bytes));
      if (Word(end64, 0) != kEnd64) return Damaged("its end record is gone");
      count = Number(end64, 32, 8);
      directory_size = Number(end64, 40, 8);
      offset = Number(end64, 48, 8);
    }
  }
  if (offset > end_at || directory_size > end_at - offset) {
    return Damaged("its directory lies outside");
  }
  ARCTRM_RETURN_IF_ERROR(zip.ReadDirectory(offset, directory_size, count));
  return zip;
}

absl::Status ZipFile::ReadDirectory(uint64_t offset, uint64_t size,
                                    uint64_t count) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string bytes, Part(source_, offset, size));
  absl::string_view rest = bytes;
  uint64_t packed = 0;
  bool any_checksum = false;
  while (!rest.empty()) {
    if (rest.size() < kCentralBytes || Word(rest, 0) != kCentral) {
      return Damaged("an entry of its directory is broken");
    }
    const size_t name = Short(rest, 28);
    const size_t extra = Short(rest, 30);
    const size_t whole = kCentralBytes + name + extra + Short(rest, 32);
    if (whole > rest.size()) return Damaged("its directory is cut short");
    ZipMember member;
    member.flags = Short(rest, 8);
    member.method = Short(rest, 10);
    member.crc = Word(rest, 16);
    member.packed_size = Word(rest, 20);
    member.size = Word(rest, 24);
    member.offset = Word(rest, 42);
    member.name = std::string(rest.substr(kCentralBytes, name));
    ARCTRM_RETURN_IF_ERROR(
        ReadZip64(rest.substr(kCentralBytes + name, extra), member));
    if (member.offset > source_.size ||
        member.packed_size > source_.size - member.offset) {
      return Damaged(absl::StrCat(member.name, " lies outside"));
    }
    packed += member.packed_size;
    if (packed > source_.size) return Damaged("its members overlap");
    if (!places_.emplace(member.name, members_.size()).second) {
      return Damaged(absl::StrCat(member.name, " is listed twice"));
    }
    any_checksum = any_checksum || (member.crc != 0 && member.size > 0);
    members_.push_back(std::move(member));
    rest.remove_prefix(whole);
  }
  if (members_.size() != count) {
    return Damaged(absl::StrCat("its directory lists ", members_.size(),
                                " members, its end says ", count));
  }
  has_checksums_ = any_checksum;
  return absl::OkStatus();
}

const ZipMember* ZipFile::Find(absl::string_view name) const {
  const auto it = places_.find(std::string(name));
  return it == places_.end() ? nullptr : &members_[it->second];
}

absl::StatusOr<uint64_t> ZipFile::DataOffset(const ZipMember& member) const {
  ARCTRM_ASSIGN_OR_RETURN(const std::string header,
                          Part(source_, member.offset, kLocalBytes));
  const size_t name_size = Short(header, 26);
  ARCTRM_ASSIGN_OR_RETURN(
      const std::string name,
      Part(source_, member.offset + kLocalBytes, name_size));
  // Sums and sizes may follow the data (0 here), or have 64 bits.
  const auto same = [&](size_t at, uint64_t expected) {
    const uint32_t written = Word(header, at);
    return (member.flags & kSizesFollow) != 0 || written == 0xffffffff ||
           written == 0 || written == expected;
  };
  if (Word(header, 0) != kLocal || name != member.name ||
      Short(header, 6) != member.flags || Short(header, 8) != member.method ||
      !same(14, member.crc) || !same(18, member.packed_size) ||
      !same(22, member.size)) {
    return Damaged(
        absl::StrCat(member.name, " is described otherwise in the directory"));
  }
  return member.offset + kLocalBytes + name_size + Short(header, 28);
}

absl::Status ZipFile::Stream(const ZipMember& member, const Sink& sink) const {
  if ((member.flags & kEncrypted) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(member.name, " is encrypted; unpack it first"));
  }
  if (member.method != 0 && member.method != Z_DEFLATED) {
    return absl::InvalidArgumentError(absl::StrCat(
        member.name, " has an unsupported compression (method ", member.method,
        "); pack it again without compression (zip -0)"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const uint64_t offset, DataOffset(member));
  uint64_t size = 0;
  uLong crc = 0;
  const auto take = [&](absl::string_view bytes) {
    size += bytes.size();
    if (size > member.size) return false;
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()),
                  bytes.size());
    sink(bytes);
    return true;
  };
  Inflater inflater;
  if (!inflater.ready()) {
    return absl::ResourceExhaustedError("not enough memory to unpack");
  }
  const bool deflated = member.method == Z_DEFLATED;
  ARCTRM_RETURN_IF_ERROR(
      ReadPieces(source_, offset, member.packed_size,
                 [&](absl::string_view bytes) -> absl::StatusOr<bool> {
                   return deflated ? inflater.Add(bytes, take) : take(bytes);
                 }));
  if (deflated && (!inflater.ended() || size != member.size)) {
    return Damaged(absl::StrCat(member.name, " can't be unpacked"));
  }
  if (size != member.size) {
    return Damaged(absl::StrCat(member.name, " has ", size, " bytes, expected ",
                                member.size));
  }
  const uint32_t sum = has_checksums_ ? static_cast<uint32_t>(crc) : 0;
  if (sum != member.crc) {
    return Damaged(absl::StrFormat(
        "the bytes of %s are not the ones that were written (CRC-32 %08x, "
        "expected %08x); copy or download it again",
        member.name, sum, member.crc));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ZipFile::Read(const ZipMember& member,
                                          int64_t max_bytes) const {
  if (member.size > static_cast<uint64_t>(std::max<int64_t>(0, max_bytes))) {
    return absl::InvalidArgumentError(absl::StrCat(
        member.name, " has ", member.size, " bytes, more than fits in memory"));
  }
  std::string out;
  out.reserve(static_cast<size_t>(std::min(member.size, member.packed_size)));
  ARCTRM_RETURN_IF_ERROR(Stream(
      member, [&](absl::string_view bytes) { absl::StrAppend(&out, bytes); }));
  return out;
}

absl::Status ZipFile::Check(const ZipMember& member) const {
  return Stream(member, [](absl::string_view) {});
}

}  // namespace arctrm::internal
