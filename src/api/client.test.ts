import { ServerConnection } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';
import { ApiClient, ApiError } from './client';

/** A client whose server is `answer`; the requests it makes are kept. */
function clientWith(answer: (request: Request) => Response | Promise<Response>) {
  const requests: Request[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost:8888/hub/user/',
    appUrl: '/lab',
    token: '',
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input, init);
      requests.push(request);
      request.signal.throwIfAborted();
      return answer(request);
    },
    Request,
    Headers
  });
  return { client: new ApiClient(settings), requests };
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

describe('ApiClient', () => {
  it('keeps the base url and encodes keys whole', async () => {
    const { client, requests } = clientWith(() => json({}));
    await client.object({ connection: 'demo', bucket: 'b', key: '../a b/ü?&#%2F//' });
    const url = new URL(requests[0].url);
    expect(url.pathname).toBe('/hub/user/cloud-data-cockpit/api/object');
    expect(url.searchParams.get('key')).toBe('../a b/ü?&#%2F//');
  });

  it('leaves out what is not given', async () => {
    const { client, requests } = clientWith(() => json({}));
    await client.objects({ connection: 'demo', bucket: 'b', prefix: '', next_token: null });
    expect(new URL(requests[0].url).search).toBe('?connection=demo&bucket=b&prefix=');
  });

  it("shows the server's words", async () => {
    const { client } = clientWith(() => json({ code: 'credentials', message: 'The token has expired: log in.' }, 401));
    const error = await client.connections().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ message: 'The token has expired: log in.', code: 'credentials', status: 401 });
  });

  it('has words for a reply that is no Problem', async () => {
    const missing = clientWith(() => new Response('<html>404</html>', { status: 404 }));
    await expect(missing.client.info()).rejects.toThrow(/server extension/);
    const proxy = clientWith(() => new Response('', { status: 504, statusText: 'Gateway Timeout' }));
    await expect(proxy.client.info()).rejects.toThrow('504 Gateway Timeout');
  });

  it('has words for a server that is gone', async () => {
    const { client } = clientWith(() => {
      throw new TypeError('Failed to fetch');
    });
    const error = await client.info().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'unreachable', status: 0, passing: true });
  });

  it('sends parts as bytes and passes an abort on', async () => {
    const abort = new AbortController();
    const { client, requests } = clientWith(() => json({ part_number: 2, etag: 'e', size: 3 }));
    await client.putPart('job/1', 2, new Blob(['abc']), '352441c2', abort.signal);
    expect(requests[0].method).toBe('PUT');
    expect(requests[0].url).toMatch(/uploads\/job%2F1\/parts\/2$/);
    expect(requests[0].headers.get('Content-Type')).toBe('application/octet-stream');
    expect(requests[0].headers.get('X-Part-Crc32')).toBe('352441c2');
    abort.abort();
    await expect(client.putPart('job/1', 2, new Blob(['abc']), '352441c2', abort.signal)).rejects.toMatchObject({
      name: 'AbortError'
    });
  });

  it('takes an empty reply to a delete', async () => {
    const { client, requests } = clientWith(() => new Response(null, { status: 204 }));
    await client.deleteManifest('a-1');
    expect(requests[0].method).toBe('DELETE');
  });

  it('knows which failures pass', () => {
    const passing = (status: number) => new ApiError('', '', status).passing;
    expect([0, 429, 500, 502, 503].map(passing)).toEqual([true, true, true, true, true]);
    expect([400, 401, 403, 404, 409, 412, 501].some(passing)).toBe(false);
  });
});
