// SPDX-License-Identifier: MIT
#include "solver/internal/pickle.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm::internal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Str(absl::string_view text) {
  return absl::StrCat("X", std::string(1, static_cast<char>(text.size())),
                      std::string(3, '\0'), text);
}

// One tensor as torch.save writes it: float32, 2 x 3, in record 7.
std::string Tensor(const std::string& callee = "_rebuild_tensor_v2",
                   const std::string& size = "K\x06",
                   const std::string& shape = "K\x02K\x03\x86",
                   const std::string& stride = "K\x03K\x01\x86") {
  return "ctorch._utils\n" + callee + "\n((" + Str("storage") +
         "ctorch\nFloatStorage\n" + Str("7") + Str("cpu") + size +
         std::string("tQK\0", 4) + shape + stride +
         "\x89"
         "ccollections\nOrderedDict\n)RtR";
}

std::string Dict(const std::string& entries) {
  return "\x80\x02}q" + std::string(1, '\0') + "(" + entries + "u.";
}

absl::StatusOr<std::vector<PickledTensor>> Read(const std::string& bytes) {
  const auto pickle = ParsePickle(bytes);
  if (!pickle.ok()) return pickle.status();
  return StateDictTensors(*pickle);
}

std::string Message(const std::string& bytes) {
  return std::string(Read(bytes).status().message());
}

TEST(Pickle, ReadsNumbersAndTexts) {
  const std::string bytes =
      std::string("\x80\x02(K\x05M\x01\x02J\xff\xff\xff\xff\x8a\x01\x80", 16) +
      std::string("\x8a\0", 2) + "G" + std::string("\x3f\xf8\0\0\0\0\0\0", 8) +
      "\x88N" + Str("hi") + "t.";
  const auto pickle = ParsePickle(bytes);
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  const PickleValue& root = pickle->at(pickle->root);
  ASSERT_EQ(root.items.size(), 9u);
  const auto item = [&](size_t i) { return pickle->at(root.items[i]); };
  EXPECT_EQ(item(0).integer, 5);
  EXPECT_EQ(item(1).integer, 513);
  EXPECT_EQ(item(2).integer, -1);
  EXPECT_EQ(item(3).integer, -128);
  EXPECT_EQ(item(4).integer, 0);
  EXPECT_EQ(item(5).real, 1.5);
  EXPECT_EQ(item(6).kind, PickleValue::Kind::kBool);
  EXPECT_EQ(item(7).kind, PickleValue::Kind::kNone);
  EXPECT_EQ(item(8).text, "hi");
}

TEST(Pickle, FindsTheTensorsOfAStateDict) {
  const auto tensors =
      Read(Dict(Str("a.weight") + Tensor() + Str("step") + "K\x09" + Str("b") +
                Tensor("_rebuild_tensor_v2", "K\x06", "K\x03K\x02\x86",
                       "K\x01K\x03\x86")));
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  ASSERT_EQ(tensors->size(), 2u);
  EXPECT_EQ((*tensors)[0].name, "a.weight");
  EXPECT_EQ((*tensors)[0].storage, "7");
  EXPECT_EQ((*tensors)[0].dtype, "F32");
  EXPECT_EQ((*tensors)[0].storage_size, 6);
  EXPECT_THAT((*tensors)[0].shape, ElementsAre(2, 3));
  EXPECT_THAT((*tensors)[1].stride, ElementsAre(1, 3));
}

TEST(Pickle, LooksIntoTrainingStates) {
  const auto tensors =
      Read(Dict(Str("optimizer") + "}" + Str("model") + "}(" + Str("w") +
                Tensor() + "u" + Str("epoch") + "K\x03"));
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_EQ((*tensors)[0].name, "w");
}

TEST(Pickle, RunsNothing) {
  EXPECT_THAT(
      Message(Dict(Str("w") + "cposix\nsystem\n(" + Str("rm -rf /") + "tR")),
      HasSubstr("w: the pickle asks for posix system"));
  EXPECT_THAT(
      Message(Dict(Str("w") + "c__builtin__\neval\n(" + Str("1") + "tR")),
      HasSubstr("__builtin__ eval"));
  EXPECT_THAT(Message(Dict(Str("w") + "ctorch._utils\n_rebuild_parameter\n(" +
                           std::string("cos\nsystem\n(K\x01tR\x88t") + "R")),
              HasSubstr("no tensor"));
  // INST and OBJ are not read at all.
  EXPECT_THAT(Message("\x80\x02(ios\nsystem\n."), HasSubstr("operation 0x69"));
}

TEST(Pickle, RefusesTensorsOutsideTheirStorage) {
  EXPECT_THAT(Message(Dict(Str("w") + Tensor("_rebuild_tensor_v2", "K\x05"))),
              HasSubstr("outside its storage"));
  const std::string huge = std::string("\x8a\x08\0\0\0\0\0\0\0\x40", 10);
  EXPECT_THAT(Message(Dict(Str("w") + Tensor("_rebuild_tensor_v2", "K\x06",
                                             huge + "K\x03\x86"))),
              HasSubstr("impossible size"));
  // One number shown as a billion.
  EXPECT_THAT(
      Message(Dict(Str("w") + Tensor("_rebuild_tensor_v2", "K\x06",
                                     std::string("M\xff\xffM\xff\xff\x86", 7),
                                     std::string("K\0K\0\x86", 5)))),
      HasSubstr("outside its storage"));
}

TEST(Pickle, DamageHasAnOffset) {
  EXPECT_THAT(Message(""), HasSubstr("byte 0: it ends before"));
  EXPECT_THAT(Message("\x80\x09."), HasSubstr("unknown protocol"));
  EXPECT_THAT(Message("\x80\x02h\x03."), HasSubstr("byte 2: no value was"));
  EXPECT_THAT(Message("\x80\x02u."), HasSubstr("mark"));
  EXPECT_THAT(Message("\x80\x02."), HasSubstr("stack is empty"));
  EXPECT_THAT(Message("\x80\x02K\x01."), HasSubstr("root is no dict"));
  EXPECT_THAT(Message("\x80\x02}."), HasSubstr("without tensors"));
  EXPECT_THAT(Message("\x80\x02}K\x01"
                      "a."),
              HasSubstr("another object"));
  EXPECT_THAT(Message(std::string("\x80\x02X\xff\xff\xff\x7f", 7)),
              HasSubstr("truncated text"));
}

TEST(Pickle, SelfReferenceAndRepetitionEnd) {
  // A list that holds itself.
  EXPECT_THAT(Message(std::string("\x80\x02]q\0h\0a.", 9)),
              HasSubstr("no dict"));
  // Doubling: each dict would hold the last one many times.
  std::string bytes = "\x80\x02";
  for (int i = 0; i < 1000; ++i)
    bytes += std::string("(") + std::string(2000, 'N') + "t";
  EXPECT_THAT(Message(bytes + "."), HasSubstr("too many"));
}

TEST(Pickle, AnyChangedByteIsAnErrorOrAnotherTensor) {
  const std::string whole = Dict(Str("a") + Tensor() + Str("b") + Tensor());
  Random random(1, "test");
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = whole;
    for (int n = random.Between(1, 3); n > 0; --n) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
    }
    if (random.Chance(0.3)) bytes.resize(random.Below(bytes.size()));
    Read(bytes).status().IgnoreError();
  }
}

}  // namespace
}  // namespace arctrm::internal
