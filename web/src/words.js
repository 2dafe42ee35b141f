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

export const when = (time) =>
  time ? new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" }).format(new Date(time)) : "";

export function octets(n) {
  if (n < 1024) return `${n} octets`;
  if (n < 1024 * 1024) return `${Math.round(n / 1024)} kB`;
  return `${(n / 1024 / 1024).toFixed(1)} MB`;
}

export const attempts = (tally) => tally.delivered + tally.deferred + tally.bounced + tally.rescued;
export const share = (part, whole) => (whole ? `${Math.round((1000 * part) / whole) / 10} %` : "–");

const names = { gmail: "Gmail", yahoo: "Yahoo", outlook: "Outlook.com", icloud: "iCloud Mail", gmx: "GMX", exchange: "Exchange Online" };
export const siteName = (site) => names[site] ?? site.split(",")[0];

export const signs = {
  good: ["✓", "good"],
  probation: ["◐", "on probation"],
  unknown: ["?", "unknown"],
  poor: ["✕", "poor"],
  delivered: ["✓", "delivered"],
  deferred: ["…", "deferred"],
  bounced: ["✕", "bounced"],
  rescued: ["↷", "refused here, went on"],
  open: ["!", "open"],
  closed: ["✓", "closed"],
  refuse: ["✕", "refuses"],
  defer: ["…", "defers"],
  spam: ["▽", "spam folder"],
  advice: ["i", "advice"],
};
