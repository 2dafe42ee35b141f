// relay/report_intake.cpp - see report_intake.hpp.
#include "relay/report_intake.hpp"

#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.hpp"
#include "relay/whole_file.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace {

asio::awaitable<Result<>> write_on_pool(fs::path path, std::string octets) {
  std::error_code code;
  std::size_t waiting = 0;
  for (fs::directory_iterator at(path.parent_path(), code), end; !code && at != end; at.increment(code)) ++waiting;
  if (code) co_return failure("cannot read " + path.parent_path().string() + ": " + code.message());
  if (waiting > max_waiting_reports)
    co_return failure(std::to_string(waiting) + " reports wait in " + path.parent_path().string());
  co_return write_whole_file(path, octets);
}

}  // namespace

ReportIntake::ReportIntake(const config::Watch& settings) : folder_(settings.drop_folder) {
  for (const auto& address : settings.report_addresses) addresses_.insert(to_lower(address));
}

ReportIntake::~ReportIntake() {
  writer_.join();
}

bool ReportIntake::takes(const smtp::Mailbox& recipient) const {
  return !addresses_.empty() && addresses_.contains(to_lower(recipient.text()));
}

asio::awaitable<Result<>> ReportIntake::keep(QueueId id, std::string octets) {
  co_return co_await asio::co_spawn(writer_.get_executor(),
                                    write_on_pool(fs::path(folder_) / (id.text() + ".eml"), std::move(octets)),
                                    asio::use_awaitable);
}

}  // namespace ptarmigan::relay
