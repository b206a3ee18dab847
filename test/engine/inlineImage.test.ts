/** Images that a Code node made: they lie inside the item, not in n8n's store of files. */
import { expect, it, jest } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';
import type { ProviderName } from '../provider-server';
import { FETCHING, forAll, samples, WITH_IMAGES } from '../samples';
import type { GivenFile } from './harness/files';
import { bytesOf, runFiles } from './harness/files';
import { useProviderServer } from './harness/providerServer';
import { generate, jsonOf, shownError } from './harness/service';
import { signedBytes } from './harness/engine';

jest.setTimeout(60_000);

const server = useProviderServer(forAll({ jobMs: 20 }));

const image = (more: Partial<GivenFile> = {}): GivenFile => ({
	name: 'kite.png',
	mimeType: 'image/png',
	bytes: bytesOf(50_000),
	isInline: true,
	...more,
});

const animate = (provider: ProviderName, more: INodeParameters = {}): INodeParameters =>
	generate(provider, { imageSource: 'binary', startImageField: 'clip', startImage: '', ...more });

it.each(WITH_IMAGES)('is brought to %s like any other file', async (provider) => {
	const result = await runFiles(server, [image()], animate(provider));
	expect(shownError(result)).toBeNull();
	expect(jsonOf(result)).toMatchObject([{ provider, status: 'completed' }]);
	expect(server.ledger().purchases).toHaveLength(1);
});

it.each(FETCHING)('is found by %s at an address of n8n, byte by byte', async (provider) => {
	const file = image();
	await runFiles(server, [file], animate(provider));
	const [purchase] = server.ledger().purchases;
	const [address = ''] = /http[^"]*signed[^"]*/.exec(JSON.stringify(purchase?.body)) ?? [];
	expect(purchase?.body).toMatchObject(samples[provider].imageFile?.body(address) ?? {});
	expect(address).toContain('/rest/binary-data/signed?token=');
	expect((await signedBytes(address)).equals(file.bytes)).toBe(true);
});

it('without a type is refused by its name, before anything is sent', async () => {
	const result = await runFiles(server, [image({ mimeType: undefined as unknown as string })], animate('pixazo'));
	expect(shownError(result)?.message).toBe("'Start Image' is of an unknown type; Pixazo accepts JPEG, PNG, WEBP [item 0]");
	expect(server.ledger().requests).toEqual([]);
});

it('is named in a Dry Run, which puts nothing into the store', async () => {
	const result = await runFiles(server, [image()], animate('lumaDreamMachine', { options: { dryRun: true } }));
	expect(jsonOf(result)).toMatchObject([
		{ request: { body: { keyframes: { frame0: { type: 'image', url: '<address of kite.png>' } } } }, note: expect.any(String) },
	]);
	expect(server.ledger().requests).toEqual([]);
});
