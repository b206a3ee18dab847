/**
 * The control API over HTTP, for tests in another process; each does what the method of the same name does.
 *
 * - `GET /_control/ledger`, `GET /_control/jobs`, `POST /_control/reset`
 * - `GET|POST|DELETE /_control/faults`: the body is a rule or a list of rules
 * - `GET|POST /_control/settings`: the body is what changes
 * - `POST /_control/finish`: `{id, status?, failureReason?}`
 * - `POST /_control/callbacks`: `{url, body, method?, headers?}`, or `{url, provider, job: {id, status, …}}` for a body in
 *   the provider's own form
 * - `GET /_control/info`: `{url, baseUrls, keys}`
 */
import type { ForgedCallback } from './callbacks';
import type { FaultRule } from './faults';
import { isObject, type Answer, type ApiRequest } from './http';
import type { Job } from './jobs';
import type { ProviderServer } from './server';
import { PROVIDER_NAMES, type SettingsChange } from './settings';

export async function handleControl(server: ProviderServer, request: ApiRequest): Promise<Answer> {
	try {
		const body: unknown = request.body.length > 0 ? JSON.parse(request.body.toString('utf8')) : {};
		const result = await carryOut(server, `${request.method} ${request.path}`, body);
		return result === undefined ? { status: 404, body: { error: 'no such control' } } : { status: 200, body: result };
	} catch (error) {
		return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
	}
}

async function carryOut(server: ProviderServer, action: string, body: unknown): Promise<unknown> {
	switch (action) {
		case 'GET /ledger':
			return server.ledger();
		case 'GET /jobs':
			return server.jobs();
		case 'GET /info':
			return { url: server.url, baseUrls: server.baseUrls, keys: server.keys };
		case 'POST /reset':
			server.reset();
			return {};
		case 'POST /faults':
			server.fault(body as FaultRule | FaultRule[]); // checked there
			return server.faults();
		case 'GET /faults':
			return server.faults();
		case 'DELETE /faults':
			server.clearFaults();
			return [];
		case 'POST /settings':
			return server.configure(body as SettingsChange); // checked there
		case 'GET /settings':
			return server.settings();
		case 'POST /finish':
			finish(server, body);
			return {};
		case 'POST /callbacks':
			return await server.sendCallback(forgedFrom(server, body));
		default:
			return undefined;
	}
}

function finish(server: ProviderServer, body: unknown): void {
	if (!isObject(body) || typeof body.id !== 'string') throw new Error('finish needs the id of a job');
	const { status = 'completed', failureReason = null } = body;
	if (status !== 'completed' && status !== 'failed' && status !== 'errored')
		throw new Error('finish knows completed, failed and errored');
	server.finish(body.id, status, typeof failureReason === 'string' ? failureReason : null);
}

function forgedFrom(server: ProviderServer, body: unknown): ForgedCallback {
	if (!isObject(body) || typeof body.url !== 'string') throw new Error('a callback needs a url');
	if (body.provider === undefined) return body as unknown as ForgedCallback;
	const provider = PROVIDER_NAMES.find((name) => name === body.provider);
	if (provider === undefined || !isObject(body.job) || typeof body.job.id !== 'string')
		throw new Error('a callback of a provider needs provider and job.id');
	return { url: body.url, body: server.callbackBody(provider, body.job as Partial<Job> & { id: string }) };
}
