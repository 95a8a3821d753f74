// SPDX-License-Identifier: MIT
#include "base/compress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr size_t kChunk = size_t{1} << 18;

// Puts "gzip" or "zstd" before the fault.
absl::Status Refused(absl::string_view kind, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(kind, " data: ", what));
}

absl::Status Truncated(absl::string_view kind) {
  return Refused(kind, "it ends too early; the file is truncated");
}

absl::Status Damaged(absl::string_view kind, const char* why) {
  return Refused(kind, absl::StrCat("damaged", why == nullptr ? "" : ": ",
                                    why == nullptr ? "" : why));
}

absl::Status TooMuch(absl::string_view kind, int64_t max_bytes) {
  return Refused(kind,
                 absl::StrCat("unpacks to more than ", max_bytes,
                              " bytes, which is more than is read at once; "
                              "unpack it and give it in parts"));
}

// Tapes and some tools append zeros.
bool IsPadding(absl::string_view bytes) {
  return bytes.find_first_not_of('\0') == absl::string_view::npos;
}

}  // namespace

std::string ZstdCompress(absl::string_view bytes, int level) {
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(
      ZSTD_createCCtx(), ZSTD_freeCCtx);
  ARCTRM_CHECK(context != nullptr);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 1);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress2(context.get(), out.data(), out.size(),
                                     bytes.data(), bytes.size());
  ARCTRM_CHECK(!ZSTD_isError(size));
  out.resize(size);
  return out;
}

absl::StatusOr<std::string> ZstdDecompress(absl::string_view frame,
                                           int64_t max_bytes) {
  const size_t whole = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
  // Skippable frames have other magic numbers.
  constexpr absl::string_view kMagic = "\x28\xb5\x2f\xfd";
  if (ZSTD_isError(whole) || whole != frame.size() ||
      frame.substr(0, kMagic.size()) != kMagic) {
    return absl::DataLossError(absl::StrCat(
        "not one whole zstd frame (", frame.size(),
        " bytes): the file is truncated, damaged or of another kind"));
  }
  const unsigned long long content =
      ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (content == ZSTD_CONTENTSIZE_UNKNOWN ||
      content == ZSTD_CONTENTSIZE_ERROR) {
    return absl::DataLossError("the zstd frame doesn't say its size");
  }
  if (max_bytes < 0 || content > static_cast<unsigned long long>(max_bytes)) {
    return absl::DataLossError(absl::StrCat("the zstd frame claims ", content,
                                            " bytes, at most ", max_bytes,
                                            " are expected"));
  }
  // The smallest block has 4 bytes, and no block holds more than 128 KiB.
  constexpr unsigned long long kLeastBlock = 4;
  constexpr unsigned long long kMostOfBlock = 128 << 10;
  if (content / kMostOfBlock > frame.size() / kLeastBlock) {
    return absl::DataLossError(absl::StrCat("the zstd frame of ", frame.size(),
                                            " bytes claims ", content,
                                            ": it is damaged"));
  }
  std::string out(content, '\0');
  const size_t size =
      ZSTD_decompress(out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) || size != out.size()) {
    return absl::DataLossError(absl::StrCat(
        "the zstd frame is damaged: ",
        ZSTD_isError(size) ? ZSTD_getErrorName(size) : "wrong size"));
  }
  return out;
}

absl::StatusOr<std::string> GzipUnpack(absl::string_view bytes,
                                       int64_t max_bytes) {
  constexpr absl::string_view kGzip = "gzip";
  // A window of up to 2^15 bytes; adding 16 selects the gzip format.
  constexpr int kGzipWindow = 15 + 16;
  z_stream stream = {};
  ARCTRM_CHECK(inflateInit2(&stream, kGzipWindow) == Z_OK);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ends(&stream, inflateEnd);
  std::string out;
  std::vector<unsigned char> chunk(kChunk);
  bool in_member = true;
  while (in_member) {
    if (stream.avail_in == 0) {
      const size_t most = std::numeric_limits<uInt>::max();
      stream.avail_in = static_cast<uInt>(std::min(bytes.size(), most));
      stream.next_in =
          reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      bytes.remove_prefix(stream.avail_in);
    }
    stream.next_out = chunk.data();
    stream.avail_out = static_cast<uInt>(chunk.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    const size_t made = chunk.size() - stream.avail_out;
    if (static_cast<int64_t>(out.size() + made) > max_bytes) {
      return TooMuch(kGzip, max_bytes);
    }
    out.append(reinterpret_cast<const char*>(chunk.data()), made);
    if (result == Z_BUF_ERROR || (result == Z_OK && stream.avail_in == 0 &&
                                  bytes.empty() && made == 0)) {
      return Truncated(kGzip);
    }
    if (result == Z_STREAM_END) {
      const absl::string_view rest(bytes.data() - stream.avail_in,
                                   bytes.size() + stream.avail_in);
      in_member = !IsPadding(rest);
      if (in_member &&
          (rest.size() < 2 || rest[0] != '\x1f' || rest[1] != '\x8b')) {
        return Refused(kGzip, "something else follows it");
      }
      ARCTRM_CHECK(inflateReset(&stream) == Z_OK);
    } else if (result != Z_OK) {
      return Damaged(kGzip, stream.msg);
    }
  }
  return out;
}

absl::StatusOr<std::string> ZstdUnpack(absl::string_view bytes,
                                       int64_t max_bytes) {
  constexpr absl::string_view kZstd = "zstd";
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(
      ZSTD_createDCtx(), ZSTD_freeDCtx);
  ARCTRM_CHECK(context != nullptr);
  std::string out;
  std::vector<char> chunk(kChunk);
  ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
  // Bytes of the frame that are still expected; 0 between frames.
  size_t left = 1;
  while (left != 0 || !IsPadding(bytes.substr(in.pos))) {
    ZSTD_outBuffer made = {chunk.data(), chunk.size(), 0};
    const size_t before = in.pos;
    left = ZSTD_decompressStream(context.get(), &made, &in);
    if (ZSTD_isError(left)) return Damaged(kZstd, ZSTD_getErrorName(left));
    if (static_cast<int64_t>(out.size() + made.pos) > max_bytes) {
      return TooMuch(kZstd, max_bytes);
    }
    out.append(chunk.data(), made.pos);
    if (left != 0 && in.pos == before && made.pos == 0) {
      return Truncated(kZstd);
    }
  }
  return out;
}

}  // namespace arctrm
