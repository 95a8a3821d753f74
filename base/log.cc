// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "base/stream.h"

namespace arctrm {
namespace {

constexpr absl::Duration kRedraw = absl::Milliseconds(100);
// A line waits this long for a slow reader.
constexpr absl::Duration kPatience = absl::Seconds(1);

int TerminalWidth() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return 80;
}

class StderrLog final : public Log {
 public:
  explicit StderrLog(LogOptions options)
      : options_(std::move(options)), holds_(options_.hold) {}
  ~StderrLog() override { EndProgress(); }

  void Info(absl::string_view text) override {
    const std::string line = Printable(text, LineFeeds::kIndented);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!options_.quiet) Line("", "", line);
    ToFile(line);
  }
  void Warning(absl::string_view text) override {
    const std::string line = Printable(text, LineFeeds::kIndented);
    const std::lock_guard<std::mutex> lock(mutex_);
    Line("\033[33m", "warning: ", line);
    ToFile(absl::StrCat("warning: ", line));
  }
  void Error(absl::string_view text) override {
    const std::string line = Printable(text, LineFeeds::kIndented);
    const std::lock_guard<std::mutex> lock(mutex_);
    Line("\033[31m", "error: ", line);
    ToFile(absl::StrCat("error: ", line));
  }
  void Begin() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!holds_) return;
    holds_ = false;
    Append(held_);
    held_.clear();
  }
  void Detail(absl::string_view text) override {
    const std::string line = Printable(text, LineFeeds::kIndented);
    const std::lock_guard<std::mutex> lock(mutex_);
    ToFile(line);
  }

  void Progress(absl::string_view text) override {
    const std::string line = Printable(text, LineFeeds::kIndented);
    const std::lock_guard<std::mutex> lock(mutex_);
    progress_ = line;
    const absl::Time now = options_.clock->Now();
    if (now - last_file_ >= options_.log_interval) {
      last_file_ = now;
      file_pending_ = false;
      ToFile(line);
    } else {
      file_pending_ = true;
    }
    if (options_.quiet) return;
    const absl::Duration wait =
        options_.terminal ? kRedraw : options_.log_interval;
    if (now - last_shown_ < wait) {
      pending_ = true;
      return;
    }
    last_shown_ = now;
    pending_ = false;
    ShowProgress();
  }

  void EndProgress() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (progress_.empty()) return;
    if (!options_.quiet) {
      if (pending_) ShowProgress();
      if (options_.terminal) Show("\n");
    }
    if (file_pending_) ToFile(progress_);
    progress_.clear();
    pending_ = false;
    file_pending_ = false;
    last_shown_ = absl::InfinitePast();
    last_file_ = absl::InfinitePast();
  }

 private:
  // These are called with mutex_ locked.
  void ShowProgress() {
    if (!options_.terminal) {
      Show(absl::StrCat(progress_, "\n"));
    } else {
      // Cut to the width between characters, as a wrapped line cannot be
      // redrawn.
      size_t width = static_cast<size_t>(TerminalWidth()) - 1;
      while (width > 0 && width < progress_.size() &&
             (progress_[width] & 0xC0) == 0x80) {
        --width;
      }
      Show(absl::StrCat("\r\033[K", progress_.substr(0, width)));
    }
  }

  void Line(const char* color, const char* label, absl::string_view line) {
    const bool redraw = options_.terminal && !progress_.empty();
    const bool colored = options_.color && color[0] != '\0';
    Show(absl::StrCat(redraw ? "\r\033[K" : "", colored ? color : "", label,
                      colored ? "\033[0m" : "", line, "\n"));
    if (redraw && !options_.quiet) ShowProgress();
  }

  // A reader of standard error that is gone or stuck must not delay the work.
  // Call with mutex_ held.
  void Show(absl::string_view text) {
    const bool shown =
        WriteStream(STDERR_FILENO, stuck_ ? absl::ZeroDuration() : kPatience,
                    text)
            .ok();
    stuck_ = !shown;
  }

  void ToFile(absl::string_view line) {
    if (options_.file.empty()) return;
    const time_t now = ::time(nullptr);
    struct tm parts = {};
    localtime_r(&now, &parts);
    char stamp[32];
    std::strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S  ", &parts);
    const std::string stamped = absl::StrCat(stamp, line, "\n");
    if (holds_) {
      held_ += stamped;
    } else {
      Append(stamped);
    }
  }

  void Append(absl::string_view lines) {
    if (options_.file.empty()) return;
    // A failing log file must not end hours of work.
    const absl::Status kept = AppendToFile(options_.file, lines);
    if (kept.ok() || file_failed_) return;
    file_failed_ = true;
    Line("\033[33m", "warning: ",
         absl::StrCat(kept.message(), "; the log has gaps from here on"));
  }

  const LogOptions options_;
  std::mutex mutex_;  // guards everything below
  std::string progress_;
  // Is `progress_` newer than the line on the terminal, or in the file?
  bool pending_ = false;
  bool file_pending_ = false;
  bool file_failed_ = false;
  bool holds_;
  std::string held_;
  // Did the last write fail?
  bool stuck_ = false;
  absl::Time last_shown_ = absl::InfinitePast();
  absl::Time last_file_ = absl::InfinitePast();
};

class SilentLog : public Log {
 public:
  void Info(absl::string_view) override {}
  void Warning(absl::string_view) override {}
  void Error(absl::string_view) override {}
  void Progress(absl::string_view) override {}
  void EndProgress() override {}
};

}  // namespace

absl::StatusOr<std::unique_ptr<Log>> OpenLog(LogOptions options) {
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  options.terminal = isatty(STDERR_FILENO) != 0 && term != nullptr &&
                     std::strcmp(term, "dumb") != 0;
  options.color =
      options.terminal && (no_color == nullptr || no_color[0] == '\0');
  if (options.clock == nullptr) options.clock = &RealClock();
  absl::Status no_room;
  if (!options.file.empty()) {
    ARCTRM_RETURN_IF_ERROR(CheckIsFile(options.file));
    // Leave the last free inodes of a disk to results.
    const absl::StatusOr<int64_t> free = FreeBytes(Dirname(options.file));
    absl::Status made;
    if (free.ok() && *free == 0 && !FileExists(options.file)) {
      made = absl::ResourceExhaustedError(
          absl::StrCat("can't write ", options.file,
                       ": the disk has room for only a few more files"));
    } else {
      made = options.hold ? CheckAppendable(options.file)
                          : AppendToFile(options.file, "");
    }
    if (absl::IsResourceExhausted(made)) {
      no_room = made;
      options.file.clear();
    } else {
      ARCTRM_RETURN_IF_ERROR(made);
    }
  }
  auto log = std::make_unique<StderrLog>(std::move(options));
  if (!no_room.ok()) {
    log->Warning(absl::StrCat(no_room.message(), "; there is no log file"));
  }
  return log;
}

bool IsLogFile(const std::string& path) {
  // ToFile() begins a line with "2026-11-28 07:38:12  ".
  constexpr absl::string_view kShape = "dddd-dd-dd dd:dd:dd  ";
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok() || text->size() < kShape.size()) return false;
  return std::equal(
      kShape.begin(), kShape.end(), text->begin(), [](char shape, char letter) {
        return shape == 'd'
                   ? std::isdigit(static_cast<unsigned char>(letter)) != 0
                   : shape == letter;
      });
}

Log& NullLog() {
  static SilentLog* const log = new SilentLog;
  return *log;
}

}  // namespace arctrm
