// What the daemon is asked. Every address is relative to the page, so that it can lie below any path.

// Below which path of the host the page is, with a slash at its end.
export const mount = new URL("..", location.href).pathname;

const API = "../api/v1/";

// What the daemon says is wrong (RFC 9457), or whoever answered in its place.
export class Problem extends Error {
  constructor(status, told, etag) {
    super(told.detail || told.error?.message || told.title || `the daemon answered ${status}`);
    this.status = status;
    this.code = told.code;
    this.title = told.title;
    this.fix = told.fix;
    this.complaints = told.complaints;
    this.current = told.current;
    this.etag = etag;
  }
}

// Nobody is at the other end.
export class Away extends Error {}

const asked = async (address, options) => (await answered(address, options))[0];

// What is told, and the tag of its state.
async function answered(address, options) {
  let answer;
  try {
    answer = await fetch(address, { cache: "no-store", credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Away("the daemon does not answer");
  }
  const text = await answer.text();
  let told = {};
  try { told = text ? JSON.parse(text) : {}; } catch { told = { detail: text.slice(0, 300) }; }
  const etag = answer.headers.get("ETag");
  if (!answer.ok) throw new Problem(answer.status, told ?? {}, etag);
  return [told, etag];
}

const marked = { "X-Callmux": "1" };

export const get = (path, signal) => asked(API + path, { headers: marked, signal });
export const getTagged = (path) => answered(API + path, { headers: marked });
export const write = (method, path, body, headers) => answered(API + path, {
  method, headers: { ...marked, ...headers, "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body),
});
export const post = (path) => asked(API + path, { method: "POST", headers: marked });
// What is JSON already, and keeps its digits.
export const postText = (path, body, signal) => asked(API + path, {
  method: "POST", headers: { ...marked, "Content-Type": "application/json" }, body, signal,
});

export const enter = (code) => asked("session", {
  method: "POST", headers: { ...marked, "Content-Type": "application/json" },
  body: JSON.stringify({ code, path: mount }),
});
export const leave = () => asked("session", { method: "DELETE", headers: { ...marked, "X-Callmux-Path": mount } });

export const events = () => new EventSource(`${API}events`);
