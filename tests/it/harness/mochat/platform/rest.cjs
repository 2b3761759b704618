'use strict';
// The platform's REST interface: POST /api/claw/*, JSON both ways, in the envelope {code, data}.

const { routes, Refusal } = require('./routes.cjs');

const PREFIX = '/api/claw/';
const BODY_BYTES_MAX = 1_000_000;

class Rest {
  constructor(world, faults, journal) {
    Object.assign(this, { world, faults, journal });
    this.calls = new Map(); // token → times of the last minute
  }

  handles(request) {
    return request.url.startsWith('/api/');
  }

  async serve(request, response) {
    const route = new URL(request.url, 'http://any').pathname.replace(PREFIX, '');
    const body = await read(request);
    const token = request.headers['x-claw-token'] ?? null;
    this.journal.note('rest', { name: route, token, method: request.method, body });
    const fault = this.faults.take(route, body);
    if (fault && !(await this.before(fault, response))) return;
    const answer = await this.answer(request, route, token, body, response);
    // The answer is of the moment of asking, whenever it is let go.
    if (fault?.kind === 'kept') await this.faults.kept();
    if (response.destroyed) return;
    // Longer than is read, where more messages are asked for than `above`, and where the message `of` is among them.
    // Looked up now: a call that waited for news may have begun before.
    const bulk = this.faults.rest.find((one) => one.kind === 'bulky' && one.route === route);
    if (bulk && body.limit > (bulk.above ?? 0) && JSON.stringify(answer.body).includes(bulk.of ?? '')) answer.body.padding = 'x'.repeat(9_000_000);
    // What was done is done; only its answer is lost.
    if (fault?.kind === 'commit-cut') return void response.destroy();
    if (fault?.kind === 'commit-500') return void send(response, 500, { name: 'Error', message: 'after the commit', code: 500 });
    send(response, answer.status, answer.body);
  }

  // Plays a fault that comes before anything is done; returns whether to go on.
  async before(fault, response) {
    switch (fault.kind) {
      case 'status':
        send(response, fault.status ?? 500, errorOf(fault.status ?? 500, fault.message), fault.retryAfter === undefined ? {} : { 'Retry-After': String(fault.retryAfter) });
        return false;
      case 'code':
        send(response, 200, { code: fault.code ?? 500, message: fault.message ?? 'an error in the envelope' });
        return false;
      case 'html':
        response.writeHead(fault.status ?? 200, { 'Content-Type': 'text/html' }).end('<html><body>Welcome to the proxy</body></html>');
        return false;
      case 'redirect':
        response.writeHead(302, { Location: fault.location }).end();
        return false;
      case 'cut':
        response.destroy();
        return false;
      case 'hang':
        return false;
      case 'late':
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
        return true;
      case 'kept':
      case 'bulky':
      case 'commit-cut':
      case 'commit-500':
        return true;
      default:
        throw new Error(`no such fault: ${fault.kind}`);
    }
  }

  async answer(request, route, token, body, response) {
    try {
      if (request.method !== 'POST') throw new Refusal(404, 'Not found', 'NOT_FOUND');
      const known = routes[route];
      if (!known) throw new Refusal(404, 'Not found', 'NOT_FOUND');
      const agent = this.world.agents.get(token);
      if (!known.open && !agent) throw unauthorized(token);
      this.limit(token);
      if (body === undefined) throw new Refusal(422, 'Parameters validation error!', 'VALIDATION_ERROR');
      const gone = new Promise((resolve) => response.on('close', resolve));
      const data = await known.serve({ world: this.world, agent, body, gone });
      return { status: 200, body: { code: 200, data } };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, body: { ...errorOf(error.status, error.message), type: error.type, data: error.data } };
    }
  }

  limit(token) {
    const bound = this.faults.settings.ratePerMinute;
    if (!bound) return;
    const now = Date.now();
    const recent = (this.calls.get(token) ?? []).filter((at) => at > now - 60_000);
    recent.push(now);
    this.calls.set(token, recent);
    if (recent.length > bound) throw new Refusal(429, 'Rate limit exceeded', 'RATE_LIMIT_EXCEEDED');
  }
}

function unauthorized(token) {
  return new Refusal(401, 'Unauthorized', token ? 'INVALID_TOKEN' : 'NO_TOKEN', { error: 'invalid token' });
}

function errorOf(status, message) {
  const names = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFoundError', 422: 'ValidationError', 429: 'RateLimitExceeded' };
  return { name: names[status] ?? 'MoleculerError', message: message ?? names[status] ?? 'Service unavailable', code: status };
}

function send(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'X-Node-ID': 'stand-in', ...headers });
  response.end(JSON.stringify(body));
}

// Returns the body as JSON, an empty object where there is none, undefined where it is no object.
async function read(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    parts.push(part);
  }
  if (bytes === 0) return {};
  try {
    const body = JSON.parse(Buffer.concat(parts).toString('utf8'));
    return body && typeof body === 'object' && !Array.isArray(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { Rest };
