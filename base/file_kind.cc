// SPDX-License-Identifier: MIT
#include "base/file_kind.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace arctrm {
namespace {

struct Magic {
  FileKind kind;
  size_t at;
  absl::string_view bytes;
};

// Keeps NUL characters of the literal.
template <size_t N>
constexpr absl::string_view Bytes(const char (&text)[N]) {
  return absl::string_view(text, N - 1);
}

const Magic kMagics[] = {
    {FileKind::kGzip, 0, Bytes("\x1f\x8b")},
    {FileKind::kZstd, 0, Bytes("\x28\xb5\x2f\xfd")},
    {FileKind::kBzip2, 0, Bytes("BZh")},
    {FileKind::kXz, 0, Bytes("\xfd\x37zXZ\0")},
    {FileKind::kLz4, 0, Bytes("\x04\x22\x4d\x18")},
    {FileKind::kSevenZip, 0, Bytes("7z\xbc\xaf\x27\x1c")},
    {FileKind::kRar, 0, Bytes("Rar!\x1a\x07")},
    {FileKind::kZip, 0, Bytes("PK\x03\x04")},
    {FileKind::kZip, 0, Bytes("PK\x05\x06")},
    {FileKind::kTar, 257, Bytes("ustar")},
    {FileKind::kLfsPointer, 0, Bytes("version https://git-lfs.github.com/")},
    {FileKind::kLfsPointer, 0, Bytes("version http://git-media.io/")},
    {FileKind::kUtf32, 0, Bytes("\xff\xfe\0\0")},
    {FileKind::kUtf32, 0, Bytes("\0\0\xfe\xff")},
    {FileKind::kUtf16, 0, Bytes("\xff\xfe")},
    {FileKind::kUtf16, 0, Bytes("\xfe\xff")},
    {FileKind::kNumpy, 0, Bytes("\x93NUMPY")},
    {FileKind::kParquet, 0, Bytes("PAR1")},
    {FileKind::kArrow, 0, Bytes("ARROW1")},
    {FileKind::kHdf5, 0, Bytes("\x89HDF\r\n\x1a\n")},
    {FileKind::kSqlite, 0, Bytes("SQLite format 3\0")},
    {FileKind::kGguf, 0, Bytes("GGUF")},
    {FileKind::kPdf, 0, Bytes("%PDF-")},
    {FileKind::kImage, 0, Bytes("\x89PNG\r\n\x1a\n")},
    {FileKind::kImage, 0, Bytes("\xff\xd8\xff")},
    {FileKind::kImage, 0, Bytes("GIF8")},
    {FileKind::kProgram, 0,
     Bytes("\x7f"
           "ELF")},
};

// pzstd and other tools write a skippable frame first.
bool IsSkippableZstd(absl::string_view bytes) {
  return bytes.size() >= 8 && (bytes[0] & 0xf0) == 0x50 &&
         bytes.substr(1, 3) == Bytes("\x2a\x4d\x18");
}

// Protocols from 2 on begin with their number; protocols 0 and 1 do not.
bool IsPickle(absl::string_view bytes) {
  if (bytes.size() < 3 || bytes[0] != '\x80') return false;
  return bytes[1] >= 2 && bytes[1] <= 5;
}

// The file begins with the length of its JSON header, eight bytes,
// little-endian.
bool IsSafetensors(absl::string_view bytes) {
  return bytes.size() >= 10 && bytes.substr(5, 3) == Bytes("\0\0\0") &&
         bytes[8] == '{' && (bytes[9] == '"' || bytes[9] == '}');
}

bool IsHtml(absl::string_view bytes) {
  if (absl::StartsWith(bytes, "\xEF\xBB\xBF")) bytes.remove_prefix(3);
  bytes = absl::StripLeadingAsciiWhitespace(bytes);
  if (bytes.empty() || bytes[0] != '<') return false;
  for (absl::string_view start :
       {"<!doctype html", "<html", "<head", "<body", "<!--", "<?xml", "<script",
        "<title", "<error"}) {
    if (absl::StartsWithIgnoreCase(bytes, start)) return true;
  }
  return false;
}

// Is the whole text an answer such as "404: Not Found"?
bool IsServerMessage(absl::string_view bytes) {
  constexpr size_t kLongest = 256;
  if (bytes.size() > kLongest) return false;
  absl::string_view text = absl::StripAsciiWhitespace(bytes);
  if (text.size() > 5 && (text[0] == '4' || text[0] == '5') &&
      absl::ascii_isdigit(static_cast<unsigned char>(text[1])) &&
      absl::ascii_isdigit(static_cast<unsigned char>(text[2])) &&
      (text[3] == ':' || text[3] == ' ')) {
    const absl::string_view words =
        absl::StripLeadingAsciiWhitespace(text.substr(4));
    if (!words.empty() &&
        absl::ascii_isalpha(static_cast<unsigned char>(words[0]))) {
      return true;
    }
  }
  absl::ConsumeSuffix(&text, ".");
  for (absl::string_view message :
       {"not found",
        "page not found",
        "file not found",
        "entry not found",
        "repository not found",
        "no such file",
        "access denied",
        "forbidden",
        "unauthorized",
        "bad request",
        "bad gateway",
        "gateway timeout",
        "gateway time-out",
        "too many requests",
        "rate limit exceeded",
        "service unavailable",
        "internal server error",
        "error",
        "invalid username or password",
        "invalid credentials in authorization header"}) {
    if (absl::EqualsIgnoreCase(text, message)) return true;
  }
  return false;
}

// Is it ASCII in units of `width` bytes, all but one of them 0?
bool IsWideText(absl::string_view bytes, size_t width) {
  const size_t units = std::min<size_t>(bytes.size(), 64) / width;
  if (units == 0 || bytes.size() < 4) return false;
  for (const size_t place : {size_t{0}, width - 1}) {
    bool fits = true;
    for (size_t i = 0; i < units * width && fits; ++i) {
      const bool is_text =
          absl::ascii_isprint(static_cast<unsigned char>(bytes[i])) ||
          absl::ascii_isspace(static_cast<unsigned char>(bytes[i]));
      fits = i % width == place ? is_text : bytes[i] == '\0';
    }
    if (fits) return true;
  }
  return false;
}

// " (123 bytes)" from the pointer's line "size 123"; "" without that line.
std::string LfsSize(absl::string_view bytes) {
  const size_t at = bytes.find("\nsize ");
  if (at == absl::string_view::npos) return "";
  absl::string_view number = bytes.substr(at + 6);
  number = number.substr(0, number.find_first_of("\r\n"));
  int64_t size = 0;
  if (!absl::SimpleAtoi(number, &size) || size < 0) return "";
  return absl::StrCat(" (", size, " bytes)");
}

const char* Describe(FileKind kind) {
  switch (kind) {
    case FileKind::kEmpty:
      return "the file is empty; was it written or downloaded whole?";
    case FileKind::kGzip:
      return "gzip data: unpack it first (gunzip -k FILE)";
    case FileKind::kZstd:
      return "zstd data: unpack it first (unzstd FILE)";
    case FileKind::kBzip2:
      return "bzip2 data: unpack it first (bunzip2 -k FILE)";
    case FileKind::kXz:
      return "xz data: unpack it first (unxz -k FILE)";
    case FileKind::kLz4:
      return "lz4 data: unpack it first (unlz4 FILE)";
    case FileKind::kSevenZip:
      return "a 7z archive: unpack it first (7z x FILE) and give a file in it";
    case FileKind::kRar:
      return "a RAR archive: unpack it first (unrar x FILE) and give a file "
             "in it";
    case FileKind::kZip:
      return "a zip archive: unpack it first (unzip FILE) and give a file in "
             "it";
    case FileKind::kTar:
      return "a tar archive: unpack it first (tar -xf FILE) and give a file "
             "in it";
    case FileKind::kHtml:
      return "a web page (HTML or XML), not the file itself: the download "
             "went wrong; fetch it again by the address of the raw file";
    case FileKind::kServerMessage:
      return "an error message of a server, not the file itself: the download "
             "went wrong; fetch it again by the address of the raw file";
    case FileKind::kUtf16:
      return "text in UTF-16, expected UTF-8 (iconv -f UTF-16 -t UTF-8 FILE > "
             "NEW)";
    case FileKind::kUtf32:
      return "text in UTF-32, expected UTF-8 (iconv -f UTF-32 -t UTF-8 FILE > "
             "NEW)";
    case FileKind::kPickle:
      return "a Python pickle: write it as JSON first (json.dump)";
    case FileKind::kNumpy:
      return "a NumPy array: write it as JSON first (json.dump of "
             "array.tolist())";
    case FileKind::kParquet:
      return "a Parquet file: write it as JSON lines first (in pandas, "
             "read_parquet(FILE).to_json(NEW, orient=\"records\", "
             "lines=True))";
    case FileKind::kArrow:
      return "an Arrow file: write it as JSON lines first (in pandas, "
             "read_feather(FILE).to_json(NEW, orient=\"records\", "
             "lines=True))";
    case FileKind::kHdf5:
      return "an HDF5 file, which arctrm does not read";
    case FileKind::kSqlite:
      return "an SQLite database, which arctrm does not read";
    case FileKind::kSafetensors:
      return "a safetensors file, weights of a model";
    case FileKind::kGguf:
      return "a GGUF file, weights of a language model";
    case FileKind::kPdf:
      return "a PDF document";
    case FileKind::kImage:
      return "a picture";
    case FileKind::kProgram:
      return "a program or a library";
    case FileKind::kLfsPointer:
    case FileKind::kUnknown:
      break;
  }
  return "";
}

}  // namespace

FileKind FileKindOf(absl::string_view bytes) {
  if (bytes.empty()) return FileKind::kEmpty;
  bytes = bytes.substr(0, kFileKindBytes);
  for (const Magic& magic : kMagics) {
    if (bytes.size() >= magic.at &&
        absl::StartsWith(bytes.substr(magic.at), magic.bytes)) {
      return magic.kind;
    }
  }
  if (IsSkippableZstd(bytes)) return FileKind::kZstd;
  if (IsPickle(bytes)) return FileKind::kPickle;
  if (IsSafetensors(bytes)) return FileKind::kSafetensors;
  if (IsHtml(bytes)) return FileKind::kHtml;
  if (IsServerMessage(bytes)) return FileKind::kServerMessage;
  if (IsWideText(bytes, 4)) return FileKind::kUtf32;
  if (IsWideText(bytes, 2)) return FileKind::kUtf16;
  return FileKind::kUnknown;
}

std::string DescribeFileKind(FileKind kind, absl::string_view bytes) {
  // torch.save writes a zip archive that begins with this member.
  if (kind == FileKind::kZip &&
      absl::StrContains(bytes.substr(0, kFileKindBytes), "/data.pkl")) {
    return "weights of PyTorch (torch.save), not text; `arctrm checkpoint "
           "import` reads them";
  }
  if (kind == FileKind::kLfsPointer) {
    return absl::StrCat("a git-lfs pointer, not the file itself",
                        LfsSize(bytes.substr(0, kFileKindBytes)),
                        ": fetch it with git lfs pull");
  }
  return Describe(kind);
}

bool LooksBinary(absl::string_view bytes) {
  bytes = bytes.substr(0, kFileKindBytes);
  size_t controls = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    controls += absl::ascii_iscntrl(byte) && !absl::ascii_isspace(byte);
  }
  constexpr size_t kTextPerControl = 20;
  return controls * kTextPerControl > bytes.size();
}

absl::Status CheckIsText(absl::string_view bytes) {
  const FileKind kind = FileKindOf(bytes);
  if (kind == FileKind::kEmpty) return absl::OkStatus();
  if (kind != FileKind::kUnknown) {
    return absl::InvalidArgumentError(DescribeFileKind(kind, bytes));
  }
  if (!LooksBinary(bytes)) return absl::OkStatus();
  return absl::InvalidArgumentError("binary data of an unknown kind, not text");
}

}  // namespace arctrm
