/** Every example: what it sets exists, and it does what its description says. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INode, INodeParameters, INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { LumaVideo } from '../../nodes/LumaVideo/LumaVideo.node';
import { LumaVideoTrigger } from '../../nodes/LumaVideo/LumaVideoTrigger.node';
import { startWorkflow } from './harness/engine';
import { engineWorkflowOf, exampleFiles, examplesFolder, isOurs, readExample } from './harness/exampleWorkflow';
import { useProviderServer } from './harness/providerServer';
import { credentialsOf } from './harness/service';
import { errorOf, outputOf } from './harness/workflows';

const descriptions = [new LumaVideo().description, new LumaVideoTrigger().description];

/** What the package says about a node of an example. */
function descriptionOf(node: INode): INodeTypeDescription {
	// n8n makes an agent's tool out of a node, with another name.
	const type = node.type.replace(/Tool$/, '');
	const description = descriptions.find(({ name }) => type === `n8n-nodes-luma-video.${name}`);
	if (!description) throw new Error(`${node.type} is no node of this package`);
	return type === node.type ? description : { ...description, name: `${description.name}Tool` };
}

const server = useProviderServer();

async function run(fileName: string) {
	const { finished } = await startWorkflow(engineWorkflowOf(readExample(fileName)), {
		credentials: credentialsOf(server),
	});
	return await finished;
}

/** The fields that the panel shows for a node, with their defaults: what n8n makes of a node when it is imported. */
function shownParameters(node: INode): INodeParameters {
	const description = descriptionOf(node);
	return NodeHelpers.getNodeParameters(description.properties, node.parameters, true, false, node, description) ?? {};
}

/** What the panel calls a field and, of a collection, its fields. */
function namesOf({ displayName, type, options }: INodeProperties): string[] {
	return [displayName, ...(type === 'collection' ? (options as INodeProperties[]).map((one) => one.displayName) : [])];
}

/** Fields inside a collection that the collection does not offer. */
function strayOptions(node: INode): string[] {
	const description = descriptionOf(node);
	return Object.entries(node.parameters).flatMap(([name, value]) => {
		const property = description.properties.find(
			(candidate) =>
				candidate.name === name &&
				candidate.type === 'collection' &&
				NodeHelpers.displayParameterPath(node.parameters, candidate, '', node, description),
		);
		if (!property || typeof value !== 'object' || value === null) return [];
		const offered = (property.options ?? []).map((option) => option.name);
		return Object.keys(value).filter((key) => !offered.includes(key));
	});
}

interface Area {
	name: string;
	left: number;
	top: number;
	right: number;
	bottom: number;
}

/** Pixels that n8n's canvas needs for a node with the name below it; an agent is wider. */
function areaOf({ name, type, position: [left, top], parameters }: INode): Area {
	const isNote = type === 'n8n-nodes-base.stickyNote';
	const width = isNote ? Number(parameters.width) : type.endsWith('.agent') ? 272 : 160;
	const height = isNote ? Number(parameters.height) : 136;
	return { name, left, top, right: left + width, bottom: top + height };
}

describe.each(exampleFiles())('%s', (fileName) => {
	const example = readExample(fileName);
	/** What the note names: nodes, fields and buttons of n8n, and the other half of the pair. */
	const mentionable = [
		...example.nodes.map(({ name }) => name),
		...descriptions.flatMap(({ properties }) => properties.flatMap(namesOf)),
		'Max Iterations',
		'Retry execution',
		'1 of 2',
		'2 of 2',
	];

	it('is listed in the README of the examples', () => {
		expect(readFileSync(join(examplesFolder, 'README.md'), 'utf8')).toContain(`(${fileName})`);
	});

	it('holds together: node names are unique and every connection leads to a node', () => {
		const names = example.nodes.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
		const ids = example.nodes.map(({ id }) => id);
		expect(new Set(ids).size).toBe(ids.length);
		for (const [from, outputs] of Object.entries(example.connections)) {
			expect(names).toContain(from);
			const targets = Object.values(outputs).flatMap((each) => each.flatMap((list) => list ?? []));
			for (const { node } of targets) expect(names).toContain(node);
		}
	});

	it('says on a note what it does, what to set and what it costs', () => {
		const [note, ...others] = example.nodes.filter(({ type }) => type === 'n8n-nodes-base.stickyNote');
		expect(others).toEqual([]);
		expect(note?.name).toBe('Read Me');
		const text = String(note?.parameters.content);
		expect(text).toMatch(/^## \S/);
		expect(text).toContain('credential');
		expect(text).toMatch(/buys (one video|one image and one video|three videos|a video|nothing)/i);
		for (const [, name] of text.matchAll(/\*\*([^*]+)\*\*/g)) expect(mentionable).toContain(name);
	});

	it('is tidy: nothing on the canvas covers anything else', () => {
		const areas = example.nodes.map(areaOf);
		for (const [index, a] of areas.entries()) {
			for (const b of areas.slice(index + 1)) {
				const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
				expect([a.name, b.name, apart]).toEqual([a.name, b.name, true]);
			}
		}
	});

	it("holds nobody's credentials and data", () => {
		for (const node of example.nodes) expect(node).not.toHaveProperty('credentials');
		expect(example).not.toHaveProperty('meta.instanceId');
		expect(example).toHaveProperty('pinData', {});
	});

	describe.each(example.nodes.filter(isOurs).map((node) => [node.name, node] as const))('%s', (_, node) => {
		it('is a node of this package in its present version', () => {
			const { version, defaultVersion } = descriptionOf(node);
			expect(node.typeVersion).toBe(defaultVersion ?? version);
		});

		it('sets only fields that its provider, model and operation show', () => {
			expect(shownParameters(node)).toMatchObject(node.parameters);
			expect(strayOptions(node)).toEqual([]);
		});

		it('leaves nothing open and picks only what is offered', () => {
			const description = descriptionOf(node);
			const imported = { ...node, parameters: shownParameters(node) };
			expect(NodeHelpers.getNodeParametersIssues(description.properties, imported, description)).toBeNull();
		});
	});
});

describe('in the engine', () => {
	it('text-to-video.json makes one video and hands over its file', async () => {
		const done = await run('text-to-video.json');
		expect(errorOf(done)).toBeNull();
		const items = outputOf(done);
		expect(items).toHaveLength(1);
		expect(items[0]?.json).toMatchObject({ status: 'completed', prompt: expect.stringContaining('red kite') });
		expect(items[0]?.binary?.data?.mimeType).toBe('video/mp4');
		expect(server.ledger().purchases.map(({ provider }) => provider)).toEqual(['lumaAgents']);
	});

	it('still-then-animate.json makes an image and a video that starts from it', async () => {
		const done = await run('still-then-animate.json');
		expect(errorOf(done)).toBeNull();
		const [still] = outputOf(done, 0, 'Generate Still');
		const [media] = still?.json.media as Array<{ url: string; type: string }>;
		expect(media).toMatchObject({ type: 'image' });
		const [item] = outputOf(done, 0, 'Animate Still');
		expect(item?.json).toMatchObject({ status: 'completed', prompt: expect.stringContaining('lighthouse') });
		expect(item?.binary?.data?.mimeType).toBe('video/mp4');
		expect(server.ledger().purchases.map(({ operation }) => operation)).toEqual(['image', 'generate']);
		expect(server.jobs()[1]?.request).toMatchObject({ video: { start_frame: { url: media?.url } } });
	});

	it('batch-from-table.json makes a video of every row; one without a prompt costs nothing', async () => {
		const done = await run('batch-from-table.json');
		expect(errorOf(done)).toBeNull();
		const made = outputOf(done, 0, 'Animate Photo');
		const notMade = outputOf(done, 1, 'Animate Photo');
		expect(made.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		for (const { json, binary } of made) {
			expect(json.status).toBe('completed');
			expect(binary?.data?.mimeType).toBe('video/mp4');
		}
		expect(notMade.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 3 }]);
		expect(notMade[0]?.json.error).toContain("'Prompt' is empty");
		expect(notMade[0]?.json).toHaveProperty('details.nextStep', 'Nothing was sent for this item. Correct it and run this item again.');
		const { purchases, maxConcurrent } = server.ledger();
		expect(purchases.map(({ provider }) => provider)).toEqual(['lumaAgents', 'lumaAgents', 'lumaAgents']);
		expect(maxConcurrent.lumaAgents).toBe(2);
	});
});
