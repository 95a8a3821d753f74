// SPDX-License-Identifier: MIT
#include "base/file_kind.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

struct FileSample {
  FileKind kind;
  std::string bytes;
  std::string says;
};

// Keeps NUL characters of the literal.
template <size_t N>
std::string Raw(const char (&text)[N]) {
  return std::string(text, N - 1);
}

std::string TarHeader() {
  std::string header(512, '\0');
  header.replace(0, 6, "a.json");
  header.replace(257, 5, "ustar");
  return header;
}

std::string Wide(const std::string& text, size_t width, bool big_endian) {
  std::string wide;
  for (const char c : text) {
    const std::string zeros(width - 1, '\0');
    wide += big_endian ? zeros + c : c + zeros;
  }
  return wide;
}

TEST(FileKind, EachKindIsCalledByItsNameWithTheNextStep) {
  const std::vector<FileSample> samples = {
      {FileKind::kEmpty, "", "the file is empty"},
      {FileKind::kGzip, Raw("\x1f\x8b\x08\x00"), "gunzip -k"},
      {FileKind::kZstd, Raw("\x28\xb5\x2f\xfd\x24"), "unzstd"},
      {FileKind::kZstd, Raw("\x50\x2a\x4d\x18\x00\x00\x00\x00"), "unzstd"},
      {FileKind::kBzip2, "BZh91AY&SY", "bunzip2"},
      {FileKind::kXz, Raw("\xfd\x37zXZ\0\0"), "unxz"},
      {FileKind::kZip, Raw("PK\x03\x04\x14\0"), "unzip FILE"},
      {FileKind::kZip, Raw("PK\x05\x06\0\0"), "zip archive"},
      {FileKind::kTar, TarHeader(), "tar -xf"},
      {FileKind::kSevenZip, Raw("7z\xbc\xaf\x27\x1c"), "7z x"},
      {FileKind::kLfsPointer,
       "version https://git-lfs.github.com/spec/v1\n"
       "oid sha256:4d7a\nsize 28374123\n",
       "a git-lfs pointer, not the file itself (28374123 bytes): fetch it with "
       "git lfs pull"},
      {FileKind::kLfsPointer, "version https://git-lfs.github.com/spec/v1\r\n",
       "not the file itself: fetch"},
      {FileKind::kHtml, "\n\n <!DOCTYPE HTML><html>",
       "the download went wrong"},
      {FileKind::kHtml, "\xEF\xBB\xBF<html lang=en>", "web page"},
      {FileKind::kHtml, "<?xml version='1.0'?><Error><Code>AccessDenied",
       "web page"},
      {FileKind::kServerMessage, "404: Not Found", "message of a server"},
      {FileKind::kServerMessage, "429 Too Many Requests\n", "fetch it again"},
      {FileKind::kServerMessage, "Entry not found", "the download went wrong"},
      {FileKind::kZip, Raw("PK\3\4\0\0archive/data.pkl"), "torch.save"},
      {FileKind::kUtf16, Raw("\xff\xfe{\0}\0"), "iconv -f UTF-16"},
      {FileKind::kUtf16, Raw("\xfe\xff\0{\0}"), "UTF-16"},
      {FileKind::kUtf16, Wide("{\"a\": 1}\r\n", 2, false), "UTF-16"},
      {FileKind::kUtf16, Wide("{\"a\": 1}\r\n", 2, true), "UTF-16"},
      {FileKind::kUtf32, Raw("\xff\xfe\0\0{\0\0\0"), "iconv -f UTF-32"},
      {FileKind::kUtf32, Raw("\0\0\xfe\xff\0\0\0{"), "UTF-32"},
      {FileKind::kUtf32, Wide("{\"a\": 1}\r\n", 4, false), "UTF-32"},
      {FileKind::kUtf32, Wide("{\"a\": 1}\r\n", 4, true), "UTF-32"},
      {FileKind::kPickle, Raw("\x80\x04\x95\x0b\0\0"), "Python pickle"},
      {FileKind::kNumpy, Raw("\x93NUMPY\x01\0"), "NumPy"},
      {FileKind::kParquet, Raw("PAR1\x15\x04"), "read_parquet"},
      {FileKind::kArrow, Raw("ARROW1\0\0"), "Arrow"},
      {FileKind::kHdf5, Raw("\x89HDF\r\n\x1a\n"), "HDF5"},
      {FileKind::kSafetensors, Raw("\x40\0\0\0\0\0\0\0{\"a\""), "safetensors"},
      {FileKind::kPdf, "%PDF-1.7", "PDF"},
      {FileKind::kImage, Raw("\x89PNG\r\n\x1a\n"), "picture"},
      {FileKind::kProgram,
       Raw("\x7f"
           "ELF\x02\x01"),
       "program"},
  };
  for (const FileSample& sample : samples) {
    const FileKind kind = FileKindOf(sample.bytes);
    EXPECT_EQ(kind, sample.kind) << sample.says;
    EXPECT_THAT(DescribeFileKind(kind, sample.bytes), HasSubstr(sample.says));
    EXPECT_EQ(CheckIsText(sample.bytes).ok(), sample.bytes.empty());
  }
}

TEST(FileKind, TextIsUnknown) {
  for (const std::string& text :
       {std::string("{\"a\": [[1]]}"), std::string("[\n"), std::string("x"),
        std::string("\xEF\xBB\xBF{}"), std::string("a < b"),
        std::string("version 1"), std::string("400"), std::string("404 1,2"),
        std::string("not found,found\n"), std::string("question,answer\n"),
        std::string("caf\xC3\xA9")}) {
    EXPECT_EQ(FileKindOf(text), FileKind::kUnknown) << text;
    EXPECT_TRUE(CheckIsText(text).ok()) << text;
    EXPECT_EQ(DescribeFileKind(FileKindOf(text), text), "");
  }
}

TEST(FileKind, BytesOfNoKindAreBinary) {
  const absl::Status status = CheckIsText(Raw("ab\x01\x02\0\xf0"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("binary"));
}

}  // namespace
}  // namespace arctrm
