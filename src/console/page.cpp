// console/page.cpp - see page.hpp.
#include "console/page.hpp"

#include <array>
#include <string>
#include <string_view>

#include <zlib.h>

#include "auth/dkim/crypto.hpp"
#include "base/encoding.hpp"

// The files as they are, by the assembler: no time to compile, no copy.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define PTARMIGAN_PAGE_FILE(symbol, file)                                                                   \
  asm(".pushsection .rodata\n.global " #symbol "_begin, " #symbol "_end\n" #symbol                          \
      "_begin:\n.incbin \"" PTARMIGAN_PAGE_FOLDER "/" file "\"\n" #symbol "_end:\n.byte 0\n.popsection\n"); \
  extern "C" const char symbol##_begin[];                                                                   \
  extern "C" const char symbol##_end[];

PTARMIGAN_PAGE_FILE(ptarmigan_page_html, "index.html")
PTARMIGAN_PAGE_FILE(ptarmigan_page_script, "app.js")
PTARMIGAN_PAGE_FILE(ptarmigan_page_style, "app.css")
PTARMIGAN_PAGE_FILE(ptarmigan_page_icon, "icon.svg")

namespace ptarmigan::console {
namespace {

constexpr std::size_t tag_digits = 16;

/// In the gzip form (RFC 1952); "" where zlib fails.
std::string gzip(std::string_view octets) {
  constexpr int gzip_window = 15 + 16;
  constexpr int memory_level = 9;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string out(deflateBound(&stream, octets.size()), '\0');
  // zlib does not change what next_in points to.
  stream.next_in =
      reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  stream.avail_in = static_cast<uInt>(octets.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return result == Z_STREAM_END ? out : std::string();
}

struct File {
  std::string_view path;
  std::string_view type;
  std::string_view octets;
  std::string tag;
  std::string small;

  File(std::string_view at, std::string_view media_type, const char* begin, const char* end)
      : path(at), type(media_type), octets(begin, static_cast<std::size_t>(end - begin)), small(gzip(octets)) {
    const auto digest = dkim::sha256(octets);
    tag = "\"" + hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}).substr(0, tag_digits) + "\"";
  }
};

const std::array<File, 4>& files() {
  static const std::array<File, 4> all{
      File("/", "text/html; charset=utf-8", ptarmigan_page_html_begin, ptarmigan_page_html_end),
      File("/app.js", "text/javascript; charset=utf-8", ptarmigan_page_script_begin, ptarmigan_page_script_end),
      File("/app.css", "text/css; charset=utf-8", ptarmigan_page_style_begin, ptarmigan_page_style_end),
      File("/icon.svg", "image/svg+xml", ptarmigan_page_icon_begin, ptarmigan_page_icon_end)};
  return all;
}

}  // namespace

net::HttpReply page_reply(const net::HttpRequest& request) {
  for (const auto& file : files()) {
    if (file.path != request.path) continue;
    net::HttpReply reply{.headers = {{"Content-Type", std::string(file.type)},
                                     {"Cache-Control", "no-cache"},
                                     {"Vary", "Accept-Encoding"},
                                     {"ETag", file.tag}}};
    if (request.header("if-none-match").value_or("").find(file.tag) != std::string_view::npos) {
      reply.status = 304;
      return reply;
    }
    const bool small = request.header("accept-encoding").value_or("").find("gzip") != std::string_view::npos;
    if (small && !file.small.empty()) reply.headers.emplace_back("Content-Encoding", "gzip");
    reply.body = small && !file.small.empty() ? file.small : std::string(file.octets);
    return reply;
  }
  return net::text_reply(404, "there is nothing here; the page is at /");
}

}  // namespace ptarmigan::console
