// console/page.hpp - the page's files, in the program itself (page/, made by Vite from web/).
#pragma once

#include "net/http_message.hpp"

namespace ptarmigan::console {

/// The file of that path, with an ETag of its content, compressed where the browser takes that; else 404.
[[nodiscard]] net::HttpReply page_reply(const net::HttpRequest& request);

}  // namespace ptarmigan::console
