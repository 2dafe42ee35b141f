// reports/tests/samples.hpp - notices that the tests and the program for Python's parser share.
#pragma once

#include <string>

#include "reports/dsn.hpp"

namespace ptarmigan::reports::samples {

inline const std::string original =
    "From: Anna <anna@example.com>\r\n"
    "To: user@gmail.com\r\n"
    "Subject: Hello\r\n"
    "Message-ID: <one@example.com>\r\n"
    "\r\n"
    "The body.\r\n"
    "-- \r\n"
    "Anna\r\n";

inline Dsn failed() {
  DsnRecipient recipient;
  recipient.address = "user@gmail.com";
  recipient.orcpt = "rfc822;User+2Bnews@example.org";
  recipient.status = "5.1.1";
  recipient.remote_mta = "gmail-smtp-in.l.google.com";
  recipient.reply =
      "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 Please try another address";
  recipient.reason = "The recipient does not exist";
  recipient.fix = "Publish a PTR record for 2001:db8::1 that names mail.example.com";
  recipient.first_refusal =
      EarlierRefusal{.route = "2001:db8::1",
                     .reply =
                         "550-5.7.1 Our system has detected that this message does not meet IPv6 sending "
                         "guidelines\n550 5.7.1 regarding PTR records and authentication"};
  recipient.last_attempt = WallTime(seconds(1'795'456'323));

  Dsn dsn;
  dsn.action = Action::failed;
  dsn.reporting_mta = "mail.example.com";
  dsn.from = "mailer-daemon@mail.example.com";
  dsn.to = "anna@example.com";
  dsn.message_id = "notice.1@mail.example.com";
  dsn.boundary = "b0undary1";
  dsn.now = WallTime(seconds(1'795'456'400));
  dsn.arrived = WallTime(seconds(1'795'456'320));
  dsn.queue_id = "01H9WZ3K4M5N6";
  dsn.envid = "QQ+2B314159";
  dsn.original_message_id = "<one@example.com>";
  dsn.recipients = {recipient};
  return dsn;
}

/// Everything that a hostile or broken peer can put into a notice.
inline Dsn hostile() {
  Dsn dsn = failed();
  DsnRecipient& recipient = dsn.recipients[0];
  recipient.reply =
      "550 no\r\nBcc: victim@example.com\r\n\r\n--b0undary\r\nContent-Type: text/html\r\n\r\n<b>\x80\xff\n" +
      std::string(3000, 'x') + "\n.\n" + std::string("nul\0nul", 7);
  recipient.first_refusal->reply = "421 \r\n\r\nStatus: 2.0.0\r\nAction: delivered";
  recipient.remote_mta = "mx.example\r\nStatus: 2.0.0";
  recipient.status = "5.1.1\r\nAction: delivered";
  recipient.orcpt = "rfc822;a+0D+0AAction:+20delivered";
  dsn.envid = "x+0D+0AReporting-MTA: dns; evil";
  dsn.original_message_id = "<one@example.com>\r\nBcc: victim@example.com";
  return dsn;
}

/// An address beyond ASCII, and two recipients.
inline Dsn delayed_utf8() {
  Dsn dsn = failed();
  dsn.action = Action::delayed;
  DsnRecipient second = dsn.recipients[0];
  second.address = "\xe4\xb8\xad+tag@example.net";
  second.orcpt = "";
  second.status = "";
  second.reply = "451 4.3.0 sp\xc3\xa4ter";
  second.first_refusal.reset();
  second.retry_until = WallTime(seconds(1'795'888'320));
  dsn.recipients.push_back(second);
  return dsn;
}

}  // namespace ptarmigan::reports::samples
