// The API and nothing else. The token is kept by this tab (or, if wished, by this browser) and is sent in a header: there are no cookies.
const KEY = "ptarmigan-token";

export const token = {
  get: () => sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "",
  set(value, keep) {
    sessionStorage.setItem(KEY, value);
    if (keep) localStorage.setItem(KEY, value);
  },
  forget() {
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
  },
};

export class Problem extends Error {
  constructor(status, message, remedy = "") {
    super(message);
    this.status = status;
    this.remedy = remedy;
  }
}

const headers = () => (token.get() ? { Authorization: `Bearer ${token.get()}` } : {});

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Problem(response.status, body.error ?? `the server answered ${response.status}`, body.remedy);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options });
  } catch {
    throw new Problem(0, "the server cannot be reached", "is it running?");
  }
  return answer(response);
}

export function get(path, parameters = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== "" && value != null));
  return ask(`/api/v1/${path}${query.size ? `?${query}` : ""}`, { headers: headers() });
}

export function post(path, body = {}) {
  return ask(`/api/v1/${path}`, {
    method: "POST",
    headers: { ...headers(), "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Server-sent events, read by fetch because EventSource cannot send a token. Calls `told(name)`; comes back by itself.
export async function listen(told, stopped) {
  while (!stopped.aborted) {
    try {
      const response = await fetch("/events", { headers: headers(), signal: stopped });
      if (!response.ok) return;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const pieces = (rest + value).split("\n\n");
        rest = pieces.pop();
        for (const piece of pieces) {
          const name = /^event: (.*)$/m.exec(piece)?.[1];
          if (name) told(name);
        }
      }
    } catch {
      if (stopped.aborted) return;
    }
    await pause(3000);
    told("missed");
  }
}
