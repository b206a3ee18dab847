import { describe, expect, it } from '@jest/globals';
import { providers } from '../../../nodes/LumaVideo/providers';
import { callbackFinding, isOfSameExecution, resumeAddress } from '../../../nodes/LumaVideo/transport/callbackAddress';

const { crazyrouter, lumaDreamMachine, pixazo, pixwith } = providers;

describe('an address for callbacks', () => {
	it.each([lumaDreamMachine, crazyrouter, pixazo])('in the public internet, encrypted, is fine', (provider) => {
		expect(callbackFinding(provider, 'https://n8n.example/webhook/x?signature=1', false)).toBeNull();
	});

	it('can only be a trigger, anywhere, where the provider never calls: the node itself does', () => {
		const finding = 'must be the URL of a Luma Video Trigger: Pixwith.ai calls no other address';
		expect(callbackFinding(pixwith, 'https://n8n.example.com/webhook/x', false)).toBe(finding);
		expect(callbackFinding(pixwith, 'http://localhost:5678/webhook/7f/luma-video', false)).toBeNull();
	});

	it.each([
		'http://localhost:5678/webhook-waiting/1/callback',
		'http://127.0.0.1:5678/webhook/x',
		'http://n8n:5678/webhook/x',
		'http://[::1]:5678/webhook/x',
		'http://192.168.0.4:5678/webhook/x',
	])('that only those inside reach is refused, unless the provider is inside too: %s', (address) => {
		for (const provider of [lumaDreamMachine, crazyrouter, pixazo]) {
			expect(callbackFinding(provider, address, false)).toMatch(/^is at \S+, which .+ cannot reach\. Set N8N_WEBHOOK_URL/);
			expect(callbackFinding(provider, address, true)).toBeNull();
		}
	});

	it.each(['', 'nonsense', '/webhook/x', 'ftp://n8n.example/x'])('that is none is refused, even inside: %j', (address) => {
		for (const allowLocal of [false, true]) {
			expect(callbackFinding(lumaDreamMachine, address, allowLocal)).toBe(
				'must be a web address beginning with https:// or http://',
			);
		}
	});

	it('of a test is refused', () => {
		expect(callbackFinding(lumaDreamMachine, 'https://n8n.example/base/webhook-test/abc', false)).toMatch(/^is a test URL/);
		expect(callbackFinding(lumaDreamMachine, 'https://n8n.example/webhook/webhook-test', false)).toBeNull();
	});

	it('without encryption is refused where the provider refuses it', () => {
		expect(callbackFinding(pixazo, 'http://n8n.example/webhook/x', false)).toMatch(/^must begin with https/);
		expect(callbackFinding(crazyrouter, 'http://n8n.example/webhook/x', false)).toBeNull();
	});
});

describe('the address of a suspended execution', () => {
	it.each([
		['https://n8n.example/webhook-waiting/7', 'https://n8n.example/webhook-waiting/7/callback'],
		['https://n8n.example/webhook-waiting/7/', 'https://n8n.example/webhook-waiting/7/callback'],
		['https://n8n.example/webhook-waiting/7//', 'https://n8n.example/webhook-waiting/7/callback'],
		[
			'https://n8n.example/webhook-waiting/7?signature=abc',
			'https://n8n.example/webhook-waiting/7/callback?signature=abc',
		],
		['http://localhost:5678/base/webhook-waiting/7', 'http://localhost:5678/base/webhook-waiting/7/callback'],
	])('of %s is %s', (resumeUrl, expected) => {
		expect(resumeAddress(resumeUrl)).toBe(expected);
	});

	it.each(['', 'undefined', '/webhook-waiting/7'])('of %j is not known', (resumeUrl) => {
		expect(resumeAddress(resumeUrl)).toBeNull();
	});
});

describe('the address of a suspended execution and that of its retry', () => {
	const address = 'https://n8n.example/webhook-waiting/7/callback?signature=abc';
	it.each([
		['https://n8n.example/webhook-waiting/8/callback?signature=abc', true],
		[address, true],
		['https://n8n.example/webhook-waiting/8/callback?signature=def', false],
		['https://other.example/webhook-waiting/8/callback?signature=abc', false],
		['https://n8n.example/webhook-waiting/8/callback', false],
		['https://n8n.example/webhook/8?signature=abc', false],
	])('have the same token: %s %s', (other, expected) => {
		expect(isOfSameExecution(address, other)).toBe(expected);
	});

	it('are told by the token alone, so without one nothing is', () => {
		const plain = 'https://n8n.example/webhook-waiting/7/callback';
		expect(isOfSameExecution(plain, plain)).toBe(false);
	});
});
