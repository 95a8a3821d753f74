// SPDX-License-Identifier: MIT
#include "solver/checkpoint/pickle.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/pickled_tensors.h"
#include "tests/solver/tensor_fault.h"

namespace arctrm::internal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string Str(absl::string_view text) {
  return absl::StrCat("X", std::string(1, static_cast<char>(text.size())),
                      std::string(3, '\0'), text);
}

// A tensor in the form of torch.save: float32, 2 x 3, in record 7.
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

absl::StatusOr<std::vector<FoundTensor>> Read(const std::string& bytes) {
  const auto pickle = ParsePickle(bytes);
  if (!pickle.ok()) return pickle.status();
  return FindTensors(*pickle);
}

// The error of the pickle, or of its first tensor; "" if there is none.
std::string Message(const std::string& bytes) {
  const auto found = Read(bytes);
  if (!found.ok()) return std::string(found.status().message());
  return found->empty() ? "no tensors"
                        : std::string((*found)[0].status.message());
}

std::string Top(const std::string& bytes) {
  const auto pickle = ParsePickle(bytes);
  return pickle.ok() ? DescribeTop(*pickle)
                     : std::string(pickle.status().message());
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
  const auto found =
      Read(Dict(Str("a.weight") + Tensor() + Str("step") + "K\x09" + Str("b") +
                Tensor("_rebuild_tensor_v2", "K\x06", "K\x03K\x02\x86",
                       "K\x01K\x03\x86")));
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].path, "a.weight");
  EXPECT_EQ((*found)[0].container, 0u);
  const PickledTensor& first = (*found)[0].tensor;
  EXPECT_EQ(first.storage, "7");
  EXPECT_EQ(first.dtype, "F32");
  EXPECT_EQ(first.storage_size, 6);
  EXPECT_THAT(first.shape, ElementsAre(2, 3));
  EXPECT_THAT((*found)[1].tensor.stride, ElementsAre(1, 3));
}

// Each pickle contains one tensor in another way.
TEST(Pickle, FindsTensorsWhereverTheyLie) {
  const std::string parameter = "ctorch._utils\n_rebuild_parameter\n(" +
                                Tensor() +
                                "\x88"
                                "ccollections\nOrderedDict\n)RtR";
  const std::string of_type =
      "ctorch._tensor\n_rebuild_from_type_v2\n("
      "ctorch._utils\n_rebuild_tensor_v2\n"
      "cx\nY\n" +
      Tensor().substr(33, Tensor().size() - 34) + "}tR";
  const std::string object = "cmodels\nNet\n)\x81";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {Dict(Str("a") + "}" + Str("b") + "}(" + Str("w") + Tensor() + "us"),
       "a.b.w"},
      {Dict(Str("a") + "](" + "K\x01" + Tensor() + "e"), "a.1"},
      {"\x80\x02]" + (Str("w") + Tensor() + "\x86") + "a.", "w"},
      {Dict(Str("a") + parameter), "a"},
      {Dict(Str("a") + of_type), "a"},
      {Dict(Str("a") + object + "}" + Str("w") + Tensor() + "sb"), "a.w"},
      {Dict(Str("a") + object + "N}" + Str("w") + Tensor() +
            "s\x86"
            "b"),
       "a.w"},
      {Dict(Str("a") + object + "}" + Str("_modules") + "}" + Str("b") +
            object + "}" + Str("_parameters") + "}" + Str("w") + Tensor() +
            "ssbssb"),
       "a.b.w"},
      {Dict(Str("a") + "ccollections\ndefaultdict\n(cx\nY\ntR" + Str("w") +
            Tensor() + "s"),
       "a.w"},
      {Dict(Str("a") + "ccollections\nOrderedDict\n(](" + Str("w") + Tensor() +
            "\x86"
            "etR"),
       "a.w"},
  };
  for (const auto& [bytes, path] : cases) {
    const auto found = Read(bytes);
    ASSERT_TRUE(found.ok()) << path << found.status();
    ASSERT_EQ(found->size(), 1u) << path;
    EXPECT_EQ((*found)[0].path, path);
    EXPECT_TRUE((*found)[0].status.ok()) << path << (*found)[0].status;
    EXPECT_THAT((*found)[0].tensor.shape, ElementsAre(2, 3));
  }
}

TEST(Pickle, DescribesItsTopLevel) {
  EXPECT_EQ(Top(Dict(Str("step") + "K\x09" + Str("model") + "}(" + Str("w") +
                     Tensor() + "u" + Str("opt") + "}(" + Str("lr") + "K\x01" +
                     Str("x") + "Nu" + Str("rng") + Tensor() + Str("cfg") +
                     "cconfig\nArch\n)\x81" + Str("np") +
                     "cnumpy.core.multiarray\nscalar\n)R")),
            "step (int), model (1 tensors), opt (dict of 2), rng (tensor (2, "
            "3), F32), cfg (object of config.Arch), np (NumPy scalar)");
  EXPECT_EQ(Top("\x80\x02]."), "list of 0");
  EXPECT_EQ(Top(Dict(Str("a\x1b[31m") + "N")), "a\\x1b[31m (None)");
}

TEST(Pickle, ReadsAllProtocols) {
  // {'a': 1, 'b': [2.5, None, True, 10**30]} in protocols 0 and 4.
  const std::string zero =
      "(dp0\nVa\np1\nI1\nsVb\np2\n(lp3\nF2.5\naNaI01\naL"
      "1000000000000000000000000000000L\nas.";
  constexpr char kFour[] =
      "\x80\x04\x95\x2c\0\0\0\0\0\0\0}\x94(\x8c\x01"
      "a\x94K\x01\x8c\x01"
      "b\x94]\x94(G@\x04\0\0\0\0\0\0N\x88\x8a\x0d\0\0\0@\xea\xed"
      "tF\xd0\x9c,\x9f\x0c"
      "eu.";
  const std::string four(kFour, sizeof(kFour) - 1);
  for (const std::string& bytes : {zero, four}) {
    const auto pickle = ParsePickle(bytes);
    ASSERT_TRUE(pickle.ok()) << pickle.status();
    EXPECT_EQ(DescribeTop(*pickle), "a (int), b (list of 4)");
    const PickleValue& list = pickle->at(pickle->at(pickle->root).items[3]);
    EXPECT_EQ(pickle->at(list.items[0]).real, 2.5);
    EXPECT_EQ(pickle->at(list.items[2]).kind, PickleValue::Kind::kBool);
    EXPECT_EQ(pickle->at(list.items[3]).kind, PickleValue::Kind::kOther);
  }
}

TEST(Pickle, RunsNothing) {
  const std::string system = "cposix\nsystem\n(" + Str("rm -rf /") + "tR";
  // Skips calls beside weights, and names a call in the place of a weight.
  EXPECT_EQ(Message(Dict(Str("w") + system)), "no tensors");
  EXPECT_EQ(Top(Dict(Str("w") + system)), "w (object of posix.system)");
  EXPECT_THAT(Message(Dict(Str("inner.H_init") + system)),
              HasSubstr("calls posix.system"));
  EXPECT_THAT(Message(Dict(Str("w") + "ctorch._utils\n_rebuild_parameter\n(" +
                           std::string("cos\nsystem\n(K\x01tR\x88t") + "R")),
              HasSubstr("not a tensor"));
  EXPECT_EQ(Top("\x80\x02(K\x01ios\nsystem\n."), "object of os.system");
  EXPECT_EQ(Top("\x80\x02(cos\nsystem\nK\x01o."), "object of os.system");
}

TEST(Pickle, UnsupportedTypesHaveAName) {
  const auto found = Read(
      Dict(Str("w") + "ctorch._utils\n_rebuild_tensor_v3\n((" + Str("storage") +
           "ctorch.storage\nUntypedStorage\n" + Str("7") + Str("cpu") +
           std::string("K\x06tQK\0K\x02K\x03\x86K\x03K\x01\x86\x89", 17) +
           "ccollections\nOrderedDict\n)Rctorch\nfloat8_e4m3fn\ntR"));
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].tensor.dtype, "float8_e4m3fn");
}

TEST(Pickle, RefusesTensorsOutsideTheirStorage) {
  EXPECT_THAT(Message(Dict(Str("w") + Tensor("_rebuild_tensor_v2", "K\x05"))),
              HasSubstr("exceeds its storage"));
  const std::string huge = std::string("\x8a\x08\0\0\0\0\0\0\0\x40", 10);
  EXPECT_THAT(Message(Dict(Str("w") + Tensor("_rebuild_tensor_v2", "K\x06",
                                             huge + "K\x03\x86"))),
              HasSubstr("impossible size"));
  // Repeated numbers are not damage; ReadWeightsFile limits them.
  EXPECT_EQ(Message(Dict(Str("w") + Tensor("_rebuild_tensor_v2", "K\x06",
                                           std::string("K\x07K\x07\x86", 5),
                                           std::string("K\0K\0\x86", 5)))),
            "");
}

TEST(Pickle, DamageHasAnOffset) {
  EXPECT_THAT(Message(""), HasSubstr("byte 0: it ends before"));
  EXPECT_THAT(Message("\x80\x09."), HasSubstr("unknown protocol"));
  EXPECT_THAT(Message("\x80\x02h\x03."),
              HasSubstr("byte 2: the memo has no value"));
  EXPECT_THAT(Message("\x80\x02u."), HasSubstr("mark"));
  EXPECT_THAT(Message("\x80\x02."), HasSubstr("stack is empty"));
  EXPECT_EQ(Message("\x80\x02K\x01."), "no tensors");
  EXPECT_EQ(Message("\x80\x02}."), "no tensors");
  EXPECT_THAT(Message("\x80\x02\xff."), HasSubstr("unknown opcode 0xff"));
  EXPECT_THAT(Message("\x80\x02}K\x01"
                      "a."),
              HasSubstr("another kind of value"));
  EXPECT_THAT(Message(std::string("\x80\x02X\xff\xff\xff\x7f", 7)),
              HasSubstr("truncated text"));
}

TEST(Pickle, SelfReferenceAndRepetitionEnd) {
  // A list that contains itself.
  EXPECT_EQ(Message(std::string("\x80\x02]q\0h\0a.", 9)), "no tensors");
  // Many large tuples.
  std::string bytes = "\x80\x02";
  for (int i = 0; i < 3000; ++i)
    bytes += std::string("(") + std::string(2000, 'N') + "t";
  EXPECT_THAT(Message(bytes + "."), HasSubstr("too many"));
}

TEST(Pickle, ChangedBytesGiveAnErrorOrTensorsWithinTheirStorage) {
  const std::string whole = Dict(Str("a") + Tensor() + Str("b") + Tensor());
  Random random(1, "test");
  int errors = 0;
  int tensors = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = whole;
    for (int n = random.Between(1, 3); n > 0; --n) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
    }
    if (random.Chance(0.3)) bytes.resize(random.Below(bytes.size()));
    const auto found = Read(bytes);
    if (!found.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(found.status())) << found.status();
      EXPECT_THAT(std::string(found.status().message()),
                  HasSubstr("pickle, byte "));
      ++errors;
      continue;
    }
    EXPECT_THAT(Top(bytes), Not(HasSubstr("pickle, byte ")));
    EXPECT_LE(found->size(), 2u) << absl::CHexEscape(bytes);
    for (const FoundTensor& tensor : *found) {
      EXPECT_STREQ(TensorFault(tensor), nullptr) << absl::CHexEscape(bytes);
      tensors += tensor.status.ok() ? 1 : 0;
    }
  }
  // Truncation alone makes 30 % errors; a changed text keeps both tensors.
  EXPECT_GT(errors, 6000);
  EXPECT_GT(tensors, 6000);
}

}  // namespace
}  // namespace arctrm::internal
