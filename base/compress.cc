// SPDX-License-Identifier: MIT
#include "base/compress.h"

#include <zstd.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace arctrm {

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
  // Skippable frames have magic numbers of their own.
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
  // A block of 4 bytes can stand for 128 KiB, and nothing for more.
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

}  // namespace arctrm
