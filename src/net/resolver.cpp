// net/resolver.cpp - see resolver.hpp.
#include "net/resolver.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/mman.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include "net/clock.hpp"
#include "net/dns_message.hpp"
#include "net/stream.hpp"
#include "net/unbound_events.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;

namespace {

/// Contexts for fresh() that live at one time; further questions wait for one.
constexpr std::size_t max_fresh_contexts = 32;
constexpr std::size_t fresh_cache_octets = std::size_t{1} << 20;

struct ContextFree {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
using Context = std::unique_ptr<ub_ctx, ContextFree>;

/// libunbound's configuration parser and its log file are one per process.
std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// Feeds the text to libunbound, which takes whole configurations only from a file.
int configure(ub_ctx* context, const std::string& text) {
  const int fd = memfd_create("unbound.conf", MFD_CLOEXEC);
  if (fd < 0) return UB_READFILE;
  int result = UB_READFILE;
  if (write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()))
    result = ub_ctx_config(context, ("/proc/self/fd/" + std::to_string(fd)).c_str());
  close(fd);
  return result;
}

/// Answered from libunbound's built-in data: makes it read hints and anchors now, not at the first real question.
int finalize(ub_ctx* context) {
  int id = 0;
  const auto ignore = [](void*, int, void*, int, int, char*, int) {};
  return ub_resolve_event(context, "localhost.", static_cast<int>(dns::RecordType::a), 1, nullptr, ignore, &id);
}

Result<Context> make_context(ub_event_base* base, const std::string& text) {
  const std::lock_guard lock(library_mutex());
  Context context(ub_ctx_create_ub_event(base));
  if (!context) return failure("the DNS library cannot start (out of memory)");
  char* log = nullptr;
  std::size_t log_size = 0;
  std::FILE* stream = open_memstream(&log, &log_size);
  ub_ctx_debugout(context.get(), stream);
  int result = configure(context.get(), text);
  if (result == 0) result = finalize(context.get());
  ub_ctx_debugout(context.get(), nullptr);
  std::string said;
  if (stream != nullptr) {
    std::fclose(stream);
    said.assign(log, log_size);
    std::free(log);
  }
  if (result == 0) return context;
  context.reset();
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return failure("the DNS library refuses its settings: " + std::string(ub_strerror(result)) +
                 (said.empty() ? "" : " (" + said.substr(said.rfind('\n') + 1) + ")"));
}

Result<> check_readable(const std::string& path, const char* option) {
  if (path.empty()) return failure(std::string(option) + " is not set");
  if (!std::ifstream(path)) return failure(std::string(option) + ": cannot read " + path);
  return {};
}

MessageAnswer without_answer(AnswerStatus status, std::string detail) {
  MessageAnswer out;
  out.answer.status = status;
  out.answer.detail = std::move(detail);
  return out;
}

/// What libunbound's callback says. `secure` 1 is bogus, and then the packet may well hold a forged answer.
MessageAnswer interpret(const Question& question, int rcode, std::string_view packet, int secure, const char* why) {
  const std::string reason = why == nullptr ? "" : why;
  if (secure == 1) {
    auto out = without_answer(AnswerStatus::failed, "bogus: " + (reason.empty() ? "DNSSEC validation failed" : reason));
    out.answer.dnssec = Dnssec::bogus;
    return out;
  }
  if (rcode != 0)
    return without_answer(AnswerStatus::failed,
                          dns::to_string(static_cast<dns::Rcode>(rcode)) + (reason.empty() ? "" : ": " + reason));
  auto out = read_message(packet, question);
  if (!out.answer.temporary() && secure == 2) out.answer.dnssec = Dnssec::secure;
  return out;
}

enum class Freshness { cached, fresh };

}  // namespace

class Resolver::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(ResolverOptions options) : options_(std::move(options)), events_(reactor_) {}
  ~Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<> start();
  void stop();

  asio::awaitable<MessageAnswer> ask(Question question, SteadyTime deadline, Freshness freshness);
  [[nodiscard]] std::size_t outstanding() const { return outstanding_.load(std::memory_order_relaxed); }

 private:
  /// A question in flight. Touched on the resolver's thread only, but for its construction.
  struct Pending {
    Pending(Impl& owner, Question asked, SteadyTime until, Freshness how)
        : impl(owner), question(std::move(asked)), deadline(until), freshness(how), timer(owner.reactor_) {}
    Impl& impl;
    Question question;
    SteadyTime deadline;
    Freshness freshness;
    asio::steady_timer timer;
    std::move_only_function<void(MessageAnswer)> complete;
    Context own_context;  ///< of a fresh question
    int async_id = 0;
    bool in_library = false;  ///< libunbound may call back
    bool done = false;
  };
  using PendingPtr = std::shared_ptr<Pending>;

  template <typename Token>
  auto submit(Question question, SteadyTime deadline, Freshness freshness, Token token);
  void begin(const PendingPtr& pending);
  void hand_over(const PendingPtr& pending);
  void start_timer(const PendingPtr& pending);
  void give_up(const PendingPtr& pending, std::string detail);
  void finish(PendingPtr pending, MessageAnswer answer);
  void start_waiting_fresh();
  static void on_answer(void* pending, int rcode, void* packet, int length, int secure, char* why, int);

  ResolverOptions options_;
  std::string fresh_text_;
  asio::io_context reactor_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{reactor_.get_executor()};
  UnboundEvents events_;
  Context context_;
  std::unordered_map<Pending*, PendingPtr> pending_;
  std::deque<PendingPtr> waiting_fresh_;
  std::size_t fresh_contexts_ = 0;
  bool closing_ = false;
  std::atomic<std::size_t> outstanding_ = 0;
  std::thread thread_;
};

Result<> Resolver::Impl::start() {
  if (!options_.root_hints_file.empty())
    if (auto ok = check_readable(options_.root_hints_file, "root_hints_file"); !ok) return ok;
  if (options_.validation == Validation::anchor_file)
    if (auto ok = check_readable(options_.trust_anchor_file, "trust_anchor_file"); !ok) return ok;
  auto text = unbound_configuration(options_);
  if (!text) return std::unexpected(text.error());
  ResolverOptions fresh = options_;
  fresh.cache_octets = fresh_cache_octets;
  fresh_text_ = *unbound_configuration(fresh);

  std::promise<Result<>> ready;
  auto started = ready.get_future();
  thread_ = std::thread([this, &ready, configuration = std::move(*text)] {
    auto context = make_context(events_.base(), configuration);
    if (!context) {
      ready.set_value(std::unexpected(context.error()));
      return;
    }
    context_ = std::move(*context);
    ready.set_value({});
    reactor_.run();
  });
  auto result = started.get();
  if (!result) thread_.join();
  return result;
}

void Resolver::Impl::stop() {
  if (!thread_.joinable()) return;
  asio::post(reactor_, [this] {
    closing_ = true;
    waiting_fresh_.clear();
    const auto unanswered = pending_;
    for (const auto& [_, pending] : unanswered) give_up(pending, "the resolver is closing");
    // After the deletion of fresh contexts, which give_up() posted.
    asio::post(reactor_, [this] {
      context_.reset();
      work_.reset();
    });
  });
  thread_.join();
}

template <typename Token>
auto Resolver::Impl::submit(Question question, SteadyTime deadline, Freshness freshness, Token token) {
  return asio::async_initiate<Token, void(MessageAnswer)>(
      [this](auto handler, Question asked, SteadyTime until, Freshness how) {
        auto pending = std::make_shared<Pending>(*this, std::move(asked), until, how);
        if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
          slot.assign([weak_self = weak_from_this(), weak = std::weak_ptr(pending)](asio::cancellation_type) {
            const auto self = weak_self.lock();
            if (!self) return;
            asio::post(self->reactor_, [self, weak] {
              if (const auto cancelled = weak.lock()) self->give_up(cancelled, "cancelled");
            });
          });
        }
        auto work = asio::make_work_guard(asio::get_associated_executor(handler, reactor_.get_executor()));
        pending->complete = [handler = std::move(handler), work = std::move(work)](MessageAnswer answer) mutable {
          // Until post() has returned, the asker's reactor must not run out of work: it could be destroyed meanwhile.
          const auto until_posted = std::move(work);
          auto deliver = [handler = std::move(handler), answer = std::move(answer)]() mutable {
            asio::get_associated_cancellation_slot(handler).clear();
            std::move(handler)(std::move(answer));
          };
          asio::post(until_posted.get_executor(), std::move(deliver));
        };
        asio::post(reactor_, [self = shared_from_this(), pending] { self->begin(pending); });
      },
      token, std::move(question), deadline, freshness);
}

asio::awaitable<MessageAnswer> Resolver::Impl::ask(Question question, SteadyTime deadline, Freshness freshness) {
  if (co_await cancelled()) co_return without_answer(AnswerStatus::timed_out, "cancelled");
  co_return co_await submit(std::move(question), deadline, freshness, asio::use_awaitable);
}

void Resolver::Impl::begin(const PendingPtr& pending) {
  pending_.emplace(pending.get(), pending);
  outstanding_.store(pending_.size(), std::memory_order_relaxed);
  if (closing_) return give_up(pending, "the resolver is closing");
  if (pending_.size() > options_.max_outstanding)
    return finish(pending, without_answer(AnswerStatus::failed, "too many DNS questions at one time"));
  const SteadyTime now = steady_now();
  pending->deadline = std::min(pending->deadline, now + options_.longest_wait);
  if (pending->deadline <= now) return finish(pending, without_answer(AnswerStatus::timed_out, "no time left to ask"));
  if (pending->freshness == Freshness::fresh && fresh_contexts_ == max_fresh_contexts) {
    waiting_fresh_.push_back(pending);
    return start_timer(pending);
  }
  hand_over(pending);
  if (!pending->done) start_timer(pending);
}

void Resolver::Impl::hand_over(const PendingPtr& pending) {
  ub_ctx* context = context_.get();
  if (pending->freshness == Freshness::fresh) {
    auto own = make_context(events_.base(), fresh_text_);
    if (!own) return finish(pending, without_answer(AnswerStatus::failed, own.error().message));
    pending->own_context = std::move(*own);
    ++fresh_contexts_;
    context = pending->own_context.get();
  }
  // A cached answer calls back before this returns.
  pending->in_library = true;
  const int result =
      ub_resolve_event(context, pending->question.name.absolute().c_str(), static_cast<int>(pending->question.type), 1,
                       pending.get(), &on_answer, &pending->async_id);
  if (result == 0 || pending->done) return;
  pending->in_library = false;
  finish(pending, without_answer(AnswerStatus::failed, std::string("the DNS library: ") + ub_strerror(result)));
}

void Resolver::Impl::on_answer(void* argument, int rcode, void* packet, int length, int secure, char* why, int) {
  auto& pending = *static_cast<Pending*>(argument);
  pending.in_library = false;
  if (pending.done) return;
  const std::string_view wire(static_cast<const char*>(packet),
                              packet == nullptr ? 0 : static_cast<std::size_t>(length));
  auto answer = interpret(pending.question, rcode, wire, secure, why);
  pending.impl.finish(pending.impl.pending_.at(&pending), std::move(answer));
}

void Resolver::Impl::start_timer(const PendingPtr& pending) {
  pending->timer.expires_at(timer_point(pending->deadline));
  pending->timer.async_wait([this, weak = std::weak_ptr(pending)](const boost::system::error_code& error) {
    if (error) return;
    if (const auto late = weak.lock()) give_up(late, "no answer in time");
  });
}

void Resolver::Impl::give_up(const PendingPtr& pending, std::string detail) {
  if (pending->done) return;
  const auto status = closing_ ? AnswerStatus::failed : AnswerStatus::timed_out;
  finish(pending, without_answer(status, std::move(detail)));
}

void Resolver::Impl::finish(PendingPtr pending, MessageAnswer answer) {
  pending->done = true;
  pending->timer.cancel();
  pending_.erase(pending.get());
  outstanding_.store(pending_.size(), std::memory_order_relaxed);
  if (pending->in_library) {
    ub_ctx* context = pending->own_context ? pending->own_context.get() : context_.get();
    if (ub_cancel(context, pending->async_id) == 0) pending->in_library = false;
  }
  answer.answer.asked_at = now().wall;
  answer.answer.source = "resolver";
  if (pending->complete) std::exchange(pending->complete, nullptr)(std::move(answer));
  if (!pending->own_context) return;
  // Not here: this may be a callback of that very context.
  asio::post(reactor_, [this, pending] {
    pending->own_context.reset();
    --fresh_contexts_;
    start_waiting_fresh();
  });
}

void Resolver::Impl::start_waiting_fresh() {
  while (!waiting_fresh_.empty() && fresh_contexts_ < max_fresh_contexts) {
    const PendingPtr next = std::move(waiting_fresh_.front());
    waiting_fresh_.pop_front();
    if (!next->done) hand_over(next);
  }
}

Result<std::unique_ptr<Resolver>> Resolver::open(ResolverOptions options) {
  auto impl = std::make_shared<Impl>(std::move(options));
  if (auto started = impl->start(); !started) return std::unexpected(started.error());
  return std::unique_ptr<Resolver>(new Resolver(std::move(impl)));
}

Resolver::Resolver(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Resolver::~Resolver() {
  impl_->stop();
}

asio::awaitable<Answer> Resolver::answer(Question question, SteadyTime deadline) {
  MessageAnswer said = co_await impl_->ask(std::move(question), deadline, Freshness::cached);
  co_return std::move(said.answer);
}

asio::awaitable<Answer> Resolver::fresh(Question question, SteadyTime deadline) {
  MessageAnswer said = co_await impl_->ask(std::move(question), deadline, Freshness::fresh);
  co_return std::move(said.answer);
}

asio::awaitable<Result<dns::DomainName>> Resolver::find_zone(dns::DomainName name, SteadyTime deadline) {
  while (true) {
    Question question{.name = name, .type = dns::RecordType::soa};
    MessageAnswer said = co_await impl_->ask(std::move(question), deadline, Freshness::cached);
    if (said.answer.temporary())
      co_return failure("cannot find the zone of " + name.text() + ": " + said.answer.detail);
    // A name with a CNAME is never the top of a zone, and what the answer says is about the CNAME's target.
    if (said.answer.aliases.empty()) {
      if (said.answer.found()) co_return name;
      if (said.zone) co_return *said.zone;
    }
    if (name.is_root()) co_return failure("no zone holds the name: even the root has no SOA");
    name = name.parent();
  }
}

std::size_t Resolver::outstanding() const {
  return impl_->outstanding();
}

asio::awaitable<Answer> FreshSource::answer(Question question, SteadyTime deadline) {
  return resolver_.fresh(std::move(question), deadline);
}

}  // namespace ptarmigan::net
