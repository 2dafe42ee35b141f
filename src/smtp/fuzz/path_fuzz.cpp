// smtp/fuzz/path_fuzz.cpp - a path that is read is printed in a form that means the same and needs no further change.
#include "smtp/fuzz/pieces.hpp"
#include "smtp/path.hpp"

using namespace ptarmigan::smtp;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto mailbox = Mailbox::parse(text)) {
    fuzz::promise(Mailbox::parse(mailbox->text()) == mailbox);
    fuzz::promise(mailbox->text().size() <= text.size() + 40);  // a literal may grow, by its canonical form
  }
  if (const auto path = ReversePath::parse(text)) {
    fuzz::promise(ReversePath::parse(path->text()) == path);
    fuzz::promise(path_length(path->text()) == path->text().size());
  }
  if (const auto path = ForwardPath::parse(text)) fuzz::promise(ForwardPath::parse(path->text()) == path);
  if (Mailbox::parse(text, Utf8::refuse)) fuzz::promise(is_ascii(text) && Mailbox::parse(text).has_value());
  return 0;
}
