// relay/figure_sources.hpp - who measures our mail and tells us: Google Postmaster Tools (API v2) and Microsoft SNDS,
// behind one small interface. Nothing is asked anywhere unless it is configured. What is asked and what replies say is
// in watch/postmaster.hpp and watch/snds.hpp. Limits: FigureService. Threads: one executor that runs on one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "config/config.hpp"
#include "net/answer_source.hpp"
#include "watch/figures.hpp"

namespace ptarmigan::relay {

struct Fetched {
  std::vector<watch::Figure> figures;
  std::vector<std::string> problems;  ///< parts that could not be had, one sentence each; the rest is whole
};

class FigureSource {
 public:
  virtual ~FigureSource() = default;
  [[nodiscard]] virtual std::string_view provider() const = 0;
  /// Everything up to `now`. An error where nothing could be had: who, what they said, what to do.
  [[nodiscard]] virtual boost::asio::awaitable<Result<Fetched>> fetch(WallTime now) = 0;
};

/// Where the services are, and how patiently they are asked.
struct FigureService {
  std::string google = "https://gmailpostmastertools.googleapis.com";
  std::string snds = "https://substrate.office.com/ip-domain-management-snds";
  std::string microsoft_login = "https://login.microsoftonline.com/consumers/oauth2/v2.0/token";
  std::string ca_file = {};  ///< "": the system's authorities
  milliseconds reply_time{30'000};
  std::vector<milliseconds> pauses{milliseconds(2'000), milliseconds(10'000)};  ///< before it is asked again (429, 5xx)
  std::size_t max_reply = std::size_t{16} << 20U;
  unsigned max_pages = 100;  ///< of one list
};

/// Those that are configured. An error names the setting that cannot be used. `dns` outlives them.
[[nodiscard]] Result<std::vector<std::unique_ptr<FigureSource>>> figure_sources(const config::Watch& settings,
                                                                                net::AnswerSource& dns,
                                                                                const FigureService& service = {});

/// The last step of a sign-in at SNDS (watch::SndsSignIn::token_request): the refresh token for watch.snds_token_file.
[[nodiscard]] boost::asio::awaitable<Result<std::string>> end_snds_sign_in(net::AnswerSource& dns, std::string request,
                                                                           FigureService service = {});

}  // namespace ptarmigan::relay
