// How numbers, times and codes are said.
const number = new Intl.NumberFormat("en");
export const count = (n) => number.format(n ?? 0);
export const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;

export function ago(time, now = Date.now()) {
  if (!time) return "";
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} d ago`;
}

// Of something to come.
export function until(time, now = Date.now()) {
  const seconds = Math.round((Date.parse(time) - now) / 1000);
  if (seconds <= 0) return "tried again now";
  if (seconds < 60) return `tried again in ${seconds} s`;
  if (seconds < 3600) return `tried again in ${Math.round(seconds / 60)} min`;
  return `tried again in ${Math.round(seconds / 3600)} h`;
}

export const when = (time) =>
  time ? new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" }).format(new Date(time)) : "";

export function octets(n) {
  if (n < 1024) return `${n} octets`;
  if (n < 1024 * 1024) return `${Math.round(n / 1024)} kB`;
  return `${(n / 1024 / 1024).toFixed(1)} MB`;
}

export const attempts = (tally) => tally.delivered + tally.deferred + tally.bounced + tally.rescued;
export const share = (part, whole) => (whole ? `${Math.round((1000 * part) / whole) / 10} %` : "–");

// As the rulebook names its receivers, shorter where a column is narrow.
const names = { gmail: "Gmail", outlook: "Outlook.com", "exchange-online": "Exchange Online", yahoo: "Yahoo", apple: "iCloud", gmx: "GMX and WEB.DE", orange: "Orange", strict: "the strictest" };
export const siteName = (site) => names[site] ?? site.split(",")[0];

// What a refusal is about (watch/kind.cpp), whose fault it is (smtp/classify.cpp), and what raises an incident.
export const causes = {
  ptr: "no valid reverse DNS (PTR)", ipv6: "mail over IPv6 is refused", ehlo: "the EHLO name is not accepted", spf: "SPF does not pass", dkim: "DKIM does not pass", dmarc: "DMARC does not pass",
  alignment: "the From domain is not the authenticated one", authentication: "the mail is not authenticated", tls: "encryption is demanded or fails", listing: "on a block list",
  reputation: "poor reputation at the receiver", rate: "too much mail for the receiver", content: "the content is refused", form: "the message's form is refused", unsubscribe: "bulk mail without one-click unsubscribe",
  recipient: "the recipient is unknown", mailbox: "the mailbox is full or gets too much", sender_domain: "the sender's domain is not usable", policy: "a rule of the receiver", connection: "no connection",
  site: "the receiver has trouble of its own", protocol: "the dialogue went wrong", unknown: "not told",
  sender_authentication: "the sender's authentication", sending_address: "the sending address", drift: "a record changed", figure: "what receivers measured", queue: "mail waits for long", disk: "the disk is nearly full",
};
export const causeName = (word) => causes[word] ?? word;

// A record as the watcher keeps it, without the TTL that it does not compare.
export const record = (text) => text.replace(/ 0 IN /g, " IN ");
// A standing's words without what stands beside them: rule ids and ages.
export const reason = (text) => text.replace(/ \[[\w., -]*\]| \(asked [^)]*\)/g, "");

// The rows of Google's compliance page.
export const requirements = {
  SPF: "SPF", DKIM: "DKIM", SPF_AND_DKIM: "SPF and DKIM together", DMARC_POLICY: "A DMARC record", DMARC_ALIGNMENT: "From aligned with SPF or DKIM", MESSAGE_FORMATTING: "Well-formed messages", DNS_RECORDS: "Forward and reverse DNS (PTR)",
  ENCRYPTION: "Sent over TLS", USER_REPORTED_SPAM_RATE: "Few reports of spam", ONE_CLICK_UNSUBSCRIBE: "One-click unsubscribe", HONOR_UNSUBSCRIBE: "Unsubscribing works",
};

export const verdicts = {
  NO_UNSUB_GENERAL: "most messages have none", NO_UNSUB_SPAM_REPORTS: "most messages reported as spam have none", NO_UNSUB_PROMO_SPAM_REPORTS: "most promotional messages reported as spam have none",
  NOT_HONORING: "requests are not honoured", NOT_HONORING_TOO_FEW_CAMPAIGNS: "not honoured; too few campaigns to tell senders apart", NOT_HONORING_TOO_MANY_CAMPAIGNS: "not honoured; too many campaigns",
};

export const stages = {
  connect: "on connecting", ehlo: "to EHLO", starttls: "to STARTTLS", auth: "to AUTH", mail: "to MAIL FROM", rcpt: "to RCPT TO", data: "to DATA", end_of_data: "after the message",
};

export const signs = {
  good: ["✓", "good"],
  probation: ["◐", "on probation"],
  unknown: ["?", "unknown"],
  poor: ["✕", "poor"],
  delivered: ["✓", "delivered"],
  deferred: ["…", "deferred"],
  bounced: ["✕", "bounced"],
  rescued: ["↷", "refused here, went on"],
  accepted: ["✓", "accepted"],
  refused: ["✕", "refused"],
  open: ["!", "open"],
  closed: ["✓", "closed"],
  refuse: ["✕", "refuses"],
  defer: ["…", "defers"],
  spam: ["▽", "spam folder"],
  advice: ["i", "advice"],
};
