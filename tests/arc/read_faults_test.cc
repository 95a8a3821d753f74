// SPDX-License-Identifier: MIT
// Bad input gives a clear message with file, task and place, and never a crash.
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "arc/read.h"
#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/arc/arc_files.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

struct Fault {
  std::string text;
  std::string says;
};

void ExpectFaults(const std::vector<Fault>& faults, const std::string& name,
                  const std::function<absl::Status(const std::string&)>& read) {
  const std::string dir = ScratchFolder();
  for (const Fault& fault : faults) {
    const std::string path = Save(dir, name, fault.text);
    const absl::Status status = read(path);
    const std::string message(status.message());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
        << fault.text.substr(0, 200) << "\n"
        << status;
    EXPECT_EQ(message.substr(0, path.size() + 2), path + ": ");
    EXPECT_THAT(message.substr(path.size()), HasSubstr(fault.says))
        << fault.text.substr(0, 200);
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), path.size() + 300) << message;
  }
}

absl::Status Tasks(const std::string& path) { return ReadTasks(path).status(); }
absl::Status Solutions(const std::string& path) {
  return ReadSolutions(path, nullptr).status();
}
absl::Status Attempted(const std::string& path) {
  return ReadSubmission(path).status();
}

// kChallenges with its third test input replaced.
std::string WithGrid(const std::string& grid) {
  return absl::StrReplaceAll(kChallenges, {{"[[2]]", grid}});
}

std::string List(int count, const std::string& item) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) absl::StrAppend(&text, i ? "," : "", item);
  return text + "]";
}

TEST(ReadFaults, TextThatIsNoJson) {
  ExpectFaults(
      {{"", "the file is empty; was it written or downloaded whole?"},
       {"\xEF\xBB\xBF", "the file holds only a byte-order mark"},
       {" \n\t", "the file holds only blanks and empty lines"},
       {"id,grid\n1,2\n", "not JSON: it begins with \"id,grid\""},
       {"task_id,attempt_1\na,b\n", "begins with \"task_id,attempt_1\""},
       {"../gone/b.json", "a path, \"../gone/b.json\": a link that was saved"},
       {"404: Not Found", "an error message of a server"},
       {"Entry not found", "an error message of a server"},
       {"{\"a\": {\"train\": [}", "(a.train[0]): expected a value, found '}'"},
       {absl::StrCat(kChallenges, "x"), "nothing after the end"},
       {absl::StrCat(kChallenges, "{}"), "a second JSON document begins here"},
       {absl::StrCat(kChallenges, std::string(1, '\0')), "byte 0x00"},
       {WithGrid("[[\"\xFF\"]]"), "(bbbb0002.test[1].input[0][0]): invalid"},
       {"\xFF\xFE{\0", "text in UTF-16"},
       {WithGrid("[[1e400]]"), "the number 1e400 is too large"},
       {WithGrid("[[123456789012345678901]]"), "is too large"},
       {WithGrid(List(1, std::string(1000, '7'))), "is too large"},
       {WithGrid(std::string(40, '[') + std::string(40, ']')),
        "nested deeper than 16"},
       {std::string(1000000, '['), "nested deeper than 16"},
       {std::string(100000, '{'), "expected a key in quotes"}},
      "c.json", Tasks);
}

TEST(ReadFaults, WrongTypes) {
  ExpectFaults(
      {{"7", "expected an object of tasks by id"},
       {"\"text\"", "found the text \"text\""},
       {"null", "found null"},
       {kSolutions, "holds solutions (test outputs by task id); tasks"},
       {kSubmission, "holds a submission (attempts by task id); tasks"},
       {"{\"error\": \"rate limited\"}", "holds an error message"},
       {"{\"a\": 3}",
        "task a: expected an object with \"train\" and \"test\", "
        "found the number 3"},
       {"{\"a\": []}", "task a: expected an object"},
       {"{\"a\": {\"train\": {}, \"test\": []}}",
        "task a: train: expected a list of demonstrations, found an object"},
       {"{\"a\": {\"train\": [7]}}",
        "task a: train[0]: expected an object with \"input\" and \"output\", "
        "found the number 7"},
       {WithGrid("5"),
        "task bbbb0002: test[1].input: expected a grid (a list of rows), found "
        "the number 5"},
       {WithGrid("{}"), "expected a grid (a list of rows), found an object"},
       {WithGrid("null"), "expected a grid (a list of rows), found null"},
       {WithGrid("[1, 2]"), "test[1].input row 0: expected a list of colours"},
       {WithGrid("[\"12\"]"), "found the text \"12\""},
       {WithGrid("[[\"1\"]]"), "row 0 column 0: expected a colour"},
       {WithGrid("[[true]]"), "found true"},
       {WithGrid("[[[1]]]"), "found a list"}},
      "c.json", Tasks);
}

TEST(ReadFaults, GridsOutOfShape) {
  const std::string at = "task bbbb0002: test[1].input";
  ExpectFaults(
      {{WithGrid("[]"), at + ": a grid has 1 to 30 rows, found 0"},
       {WithGrid("[[]]"), at + " row 0: a row has 1 to 30 cells, found 0"},
       {WithGrid("[[1], []]"), at + " row 1: a row has 1 to 30 cells, found 0"},
       {WithGrid("[[1, 2], [3]]"),
        at + " row 1: expected 2 cells as in row 0, found 1"},
       {WithGrid("[[1], [2], [3, 4]]"),
        at + " row 2: expected 1 cells as in row 0, found 2"},
       {WithGrid(List(31, "[1]")), at + ": a grid has 1 to 30 rows, found 31"},
       {WithGrid("[" + List(31, "1") + "]"),
        at + " row 0: a row has 1 to 30 cells, found 31"},
       {WithGrid(List(100000, "[1]")), "found 100000"}},
      "c.json", Tasks);
}

TEST(ReadFaults, ValuesThatAreNoColours) {
  const std::string at = "task bbbb0002: test[1].input row 1 column 2: ";
  const auto with = [](const std::string& cell) {
    return WithGrid("[[1, 2, 3], [4, 5, " + cell + "]]");
  };
  const std::string wants = at + "expected a colour from 0 to 9, found ";
  ExpectFaults(
      {{with("10"), wants + "the number 10"},
       {with("-1"), wants + "the number -1"},
       {with("1.5"), wants + "the number 1.5, which is not an integer"},
       {with("3.0"),
        wants + "the number 3.0, which is not written as an integer"},
       {with("1e0"),
        wants + "the number 1.0, which is not written as an integer"},
       {with("9223372036854775808"), wants + "the number 9223372036854775808"},
       {with("null"), wants + "null"}},
      "c.json", Tasks);
}

TEST(ReadFaults, NothingToDo) {
  ExpectFaults(
      {{"{}", "no tasks"},
       {"{\"a\": {}}", "task a: \"train\" is missing"},
       {"{\"a\": {\"train\": [], \"test\": [{\"input\": [[1]]}]}}",
        "task a: train: no demonstrations"},
       {"{\"a\": {\"train\": [{\"input\": [[1]], \"output\": [[1]]}], "
        "\"test\": []}}",
        "task a: test: no test inputs"},
       {"{\"a\": {\"train\": [{\"input\": [[1]], \"output\": [[1]]}]}}",
        "task a: \"test\" is missing"},
       {"{\"a\": {\"test\": [{\"input\": [[1]]}]}}",
        "task a: \"train\" is missing"},
       {"{\"a\": {\"train\": [{\"input\": [[1]]}]}}",
        "task a: train[0]: \"output\" is missing"},
       {"{\"a\": {\"train\": [{\"output\": [[1]]}]}}",
        "task a: train[0]: \"input\" is missing"},
       {"{\"a\": {\"test\": [{}]}}", "task a: test[0]: \"input\" is missing"},
       {"{\"train\": [], \"test\": []}", "task c: train: no demonstrations"},
       {"[]", "no tasks, the file holds only []"},
       {"[{\"input\": [[1]]}]", "task c: examples[0]: \"output\" is missing"}},
      "c.json", Tasks);
}

TEST(ReadFaults, KeysTwiceOrUnknown) {
  const std::string pair = R"({"input": [[1]], "output": [[2]]})";
  const std::string task =
      absl::StrCat("{\"train\": [", pair, "], \"test\": [", pair, "]}");
  ExpectFaults(
      {{absl::StrCat("{\"a\": ", task, ", \"b\": ", task, ", \"a\": ", task,
                     "}"),
        "task a: occurs twice; each task may occur once"},
       // The same id, written in two ways.
       {absl::StrCat("{\"a\": ", task, ", \"\\u0061\": ", task, "}"),
        "task a: occurs twice; each task may occur once"},
       {absl::StrCat("{\"a\": {\"train\": [", pair, "], \"train\": [", pair,
                     "], \"test\": [", pair, "]}}"),
        "task a: \"train\" occurs twice"},
       {R"({"a": {"train": [{"input": [[1]], "input": [[1]]}]}})",
        "task a: train[0]: \"input\" occurs twice"},
       {R"({"a": {"train": [{"input": [[1]], "ouput": [[1]]}]}})",
        "task a: train[0]: expected only the keys \"input\" and \"output\", "
        "found \"ouput\""},
       {absl::StrCat("{\"\": ", task, "}"), "the task id \"\" is empty"},
       {absl::StrCat("{\"a\\nb\": ", task, "}"),
        "the task id \"a\\nb\" holds a control character"},
       {absl::StrCat("{\"a|||b\": ", task, "}"), "separates the names"},
       {absl::StrCat("{\"", std::string(300, 'x'), "\": ", task, "}"),
        "longer than 256 bytes"}},
      "c.json", Tasks);
}

TEST(ReadFaults, FilesAndFoldersThatAreNotThere) {
  const std::string dir = ScratchFolder();
  const std::string absent = JoinPath(dir, "absent.json");
  for (const absl::Status& status :
       {Tasks(absent), Solutions(absent), Attempted(absent)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(status.message()), HasSubstr(absent));
  }
  // A folder where a file is needed.
  EXPECT_THAT(std::string(Solutions(dir).message()), HasSubstr(dir));
  EXPECT_FALSE(Attempted(dir).ok());
  // A folder without task files.
  Save(dir, "readme.md", "nothing");
  const absl::Status empty = Tasks(dir);
  EXPECT_EQ(empty.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(empty.message()), HasSubstr(dir));
  EXPECT_THAT(std::string(empty.message()), HasSubstr("no *.json"));
}

TEST(ReadFaults, FolderWithAFileOfManyTasks) {
  const std::string dir = ScratchFolder();
  Save(dir, "a.json", kOneTask);
  Save(dir, "challenges.json", kChallenges);
  const absl::Status status = Tasks(dir);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("challenges.json"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("by its own path"));
}

TEST(ReadFaults, FileNamesThatAreNoUtf8) {
  const std::string dir = ScratchFolder();
  Save(dir, "a\xFF.json", kOneTask);
  const absl::Status status = Tasks(dir);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not valid UTF-8"));
}

TEST(ReadFaults, SolutionsOfTheWrongForm) {
  ExpectFaults(
      {{"{}", "no solutions, the file holds only {}"},
       {"[]", "no solutions, the file holds only []"},
       {"[1]", "expected an object of test outputs by task id"},
       {"{\"a\": 1}", "task a: expected a list of test outputs"},
       {"{\"a\": []}", "task a: solution: no test outputs"},
       {"{\"a\": [[1]]}", "task a: solution[0] row 0: expected a list"},
       {"{\"a\": [[[1]], [[11]]]}",
        "task a: solution[1] row 0 column 0: expected a colour"},
       {"{\"a\": [[[1]]], \"a\": [[[1]]]}", "task a: solution: occurs twice"},
       {"{\"a\": [null, [[1]]]}",
        "task a: solution[0]: expected a grid (a list of rows), found null"},
       {"{\"a\": null, \"b\": [[[1]]]}",
        "task a: expected a list of test outputs, found null"},
       {kChallenges, "none of its tasks holds a test output"},
       {kSubmission, "holds a submission (attempts by task id); solutions"}},
      "s.json", Solutions);
}

TEST(ReadFaults, SubmissionsOfTheWrongForm) {
  ExpectFaults({{"{}", "no attempts, the file holds only {}"},
                {"[]", "no attempts, the file holds only []"},
                {"7", "expected an object of attempts by task id"},
                {"{\"message\": \"Not Found\", \"status\": \"404\"}",
                 "holds an error message (\"message\": \"Not Found\")"},
                {"{\"a\": {}}", "task a: expected a list with two attempts"},
                {"{\"a\": [{\"attempt_1\": [[1]]}]}",
                 "task a: test[0]: \"attempt_2\" is missing"},
                {"{\"a\": [{\"attempt_2\": [[1]]}]}",
                 "task a: test[0]: \"attempt_1\" is missing"},
                {"{\"a\": [{\"attempt_3\": [[1]]}]}", "found \"attempt_3\""},
                {"{\"a\": [{\"attempt_1\": []}]}",
                 "task a: test[0].attempt_1: a grid has 1 to 30 rows, found 0"},
                {kChallenges,
                 "holds tasks (\"train\" and \"test\", or pairs); "
                 "a submission is expected here"},
                {kSolutions,
                 "holds solutions (test outputs by task id); a "
                 "submission is expected here"}},
               "s.json", Attempted);
}

// Expects OK or InvalidArgument for any content.
void ExpectSafe(const std::string& path) {
  for (const absl::Status& status :
       {Tasks(path), Solutions(path), Attempted(path)}) {
    ASSERT_TRUE(status.ok() ||
                status.code() == absl::StatusCode::kInvalidArgument)
        << status;
  }
}

TEST(ReadFaults, TruncationAtEveryByte) {
  const std::string dir = ScratchFolder();
  for (const std::string& text :
       {std::string(kChallenges), std::string(kSolutions),
        std::string(kSubmission), std::string(kOneTask)}) {
    const size_t whole = text.find_last_of('}') + 1;
    for (size_t size = 1; size < whole; ++size) {
      const std::string path = Save(dir, "t.json", text.substr(0, size));
      for (const absl::Status& status :
           {Tasks(path), Solutions(path), Attempted(path)}) {
        ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << size;
        ASSERT_THAT(std::string(status.message()), HasSubstr("not JSON: "));
      }
    }
  }
}

TEST(ReadFaults, RandomDamage) {
  const std::string dir = ScratchFolder();
  Random random(7, "damage");
  for (const std::string& text :
       {std::string(kChallenges), std::string(kSolutions),
        std::string(kSubmission), std::string(kOneTask)}) {
    for (int round = 0; round < 400; ++round) {
      std::string damaged = text;
      for (int i = random.Between(1, 3); i > 0; --i) {
        damaged[random.Below(damaged.size())] ^=
            static_cast<char>(1 << random.Between(0, 7));
      }
      ExpectSafe(Save(dir, "t.json", damaged));
    }
    // Digits and brackets reach deeper code than noise.
    for (int round = 0; round < 400; ++round) {
      std::string damaged = text;
      constexpr char kLikely[] = "0123456789[]{},:\"-.e ";
      for (int i = random.Between(1, 4); i > 0; --i) {
        damaged[random.Below(damaged.size())] =
            kLikely[random.Below(sizeof(kLikely) - 1)];
      }
      ExpectSafe(Save(dir, "t.json", damaged));
    }
  }
}

}  // namespace
}  // namespace arctrm
