// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr absl::Duration kRedraw = absl::Milliseconds(100);

int TerminalWidth() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return 80;
}

class StderrLog final : public Log {
 public:
  explicit StderrLog(LogOptions options) : options_(std::move(options)) {}
  ~StderrLog() override { EndProgress(); }

  void Info(absl::string_view text) override {
    const std::string line = Printable(text, LineFeeds::kIndented);
    const absl::MutexLock lock(&mutex_);
    if (!options_.quiet) Line("", "", line);
    ToFile(line);
  }
  void Warning(absl::string_view text) override {
    const std::string line = Printable(text, LineFeeds::kIndented);
    const absl::MutexLock lock(&mutex_);
    Line("\033[33m", "warning: ", line);
    ToFile(absl::StrCat("warning: ", line));
  }
  void Error(absl::string_view text) override {
    const std::string line = Printable(text, LineFeeds::kIndented);
    const absl::MutexLock lock(&mutex_);
    Line("\033[31m", "error: ", line);
    ToFile(absl::StrCat("error: ", line));
  }
  void Detail(absl::string_view line) override {
    const absl::MutexLock lock(&mutex_);
    ToFile(line);
  }

  void Progress(absl::string_view text) override {
    const std::string line = Printable(text, LineFeeds::kIndented);
    const absl::MutexLock lock(&mutex_);
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
    const absl::MutexLock lock(&mutex_);
    if (progress_.empty()) return;
    if (!options_.quiet) {
      if (pending_) ShowProgress();
      if (options_.terminal) std::fputc('\n', stderr);
    }
    if (file_pending_) ToFile(progress_);
    progress_.clear();
    pending_ = false;
    file_pending_ = false;
    last_shown_ = absl::InfinitePast();
    last_file_ = absl::InfinitePast();
  }

 private:
  void ShowProgress() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!options_.terminal) {
      std::fprintf(stderr, "%s\n", progress_.c_str());
    } else {
      // Cut to the width, between characters: a wrapped line can't be redrawn.
      size_t width = static_cast<size_t>(TerminalWidth()) - 1;
      while (width > 0 && width < progress_.size() &&
             (progress_[width] & 0xC0) == 0x80) {
        --width;
      }
      std::fprintf(stderr, "\r\033[K%s", progress_.substr(0, width).c_str());
    }
    std::fflush(stderr);
  }

  void Line(const char* color, const char* label, absl::string_view line)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool redraw = options_.terminal && !progress_.empty();
    if (redraw) std::fputs("\r\033[K", stderr);
    const bool colored = options_.color && color[0] != '\0';
    std::fprintf(stderr, "%s%s%s%.*s\n", colored ? color : "", label,
                 colored ? "\033[0m" : "", static_cast<int>(line.size()),
                 line.data());
    if (redraw && !options_.quiet) ShowProgress();
    std::fflush(stderr);
  }

  void ToFile(absl::string_view line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (options_.file.empty()) return;
    const time_t now = ::time(nullptr);
    struct tm parts = {};
    localtime_r(&now, &parts);
    char stamp[32];
    std::strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S  ", &parts);
    // A log that can't be written any more must not end hours of work.
    AppendToFile(options_.file, absl::StrCat(stamp, line, "\n")).IgnoreError();
  }

  const LogOptions options_;
  absl::Mutex mutex_;
  std::string progress_ ABSL_GUARDED_BY(mutex_);
  // Is `progress_` newer than what is on the terminal, in the file?
  bool pending_ ABSL_GUARDED_BY(mutex_) = false;
  bool file_pending_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time last_shown_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time last_file_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
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
  if (!options.file.empty()) {
    ARCTRM_RETURN_IF_ERROR(AppendToFile(options.file, ""));
  }
  return std::unique_ptr<Log>(new StderrLog(std::move(options)));
}

Log& NullLog() {
  static SilentLog* const log = new SilentLog;
  return *log;
}

}  // namespace arctrm
