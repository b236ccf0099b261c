// Requests to the API of this host, with the token if there is one. Failures are ApiErrors; their
// text is for people.

const KEY = "order-pipeline-token";
const PATIENCE_MS = 15_000;

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

export class ApiError extends Error {
  /**
   * `status` is 0 when there was no answer; `retryAfterMs` is the wait that the API asks for, or 0.
   */
  constructor(status, code, text, retryAfterMs) {
    super(text);
    Object.assign(this, { status, code, retryAfterMs });
  }
}

async function ask(method, path, { body, type = "application/json" } = {}) {
  const headers = {};
  if (token.get()) headers.authorization = `Bearer ${token.get()}`;
  if (body !== undefined) headers["content-type"] = type;
  let response;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    response = await fetch(path, {
      method, headers, body, signal, cache: "no-cache", credentials: "omit", redirect: "error",
    });
  } catch {
    throw new ApiError(0, "no_answer", "the API does not answer", 0);
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const wait = Number(response.headers.get("retry-after"));
  const text = answer.detail ?? answer.title ?? `the API answers ${response.status}`;
  throw new ApiError(response.status, answer.code ?? "", text, wait > 0 ? wait * 1_000 : 0);
}

export const get = (path) => ask("GET", path);
export const post = (path, body = "", type) => ask("POST", path, { body, type });
export const put = (path, body) => ask("PUT", path, { body: JSON.stringify(body) });
export const del = (path) => ask("DELETE", path);
