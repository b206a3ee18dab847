/** The node as a newly started n8n has it: its modules loaded anew, so that nothing is left of what they remembered. */
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import type { INodeType } from 'n8n-workflow';
import * as n8nWorkflow from 'n8n-workflow';
import * as zod from 'zod';
import * as fastClock from './fastClock';

type NodeModule = typeof import('../../../nodes/LumaVideo/LumaVideo.node');

declare const jest: (typeof import('@jest/globals'))['jest'] | undefined;

// By the file's whole name: for a shorter one tsx finds the codex file beside it, LumaVideo.node.json.
const NODE_FILE = '../../../nodes/LumaVideo/LumaVideo.node.ts';
const own = createRequire(__filename);

/** As n8n makes an agent's tool out of a node: the same node under another name, which conditions on `@tool` see. */
export function asTool(node: INodeType): INodeType {
	const description = { ...node.description, name: `${node.description.name}Tool` };
	return Object.create(node, { description: { value: description } }) as INodeType;
}

function classesOf({ LumaVideo }: NodeModule): Record<string, INodeType> {
	return {
		'n8n-nodes-luma-video.lumaVideo': new LumaVideo(),
		'n8n-nodes-luma-video.lumaVideoTool': asTool(new LumaVideo()),
	};
}

/** The node with the modules that this process has. */
export function loadedNode(): Record<string, INodeType> {
	return classesOf(own(NODE_FILE) as NodeModule);
}

/** The node with modules of its own, for `nodeTypes` of a run. The clock stays, and so does what is not of this package. */
export function freshNode(): Record<string, INodeType> {
	return classesOf(typeof jest === 'undefined' ? loadAnew() : loadIsolated(jest));
}

function loadIsolated(runner: (typeof import('@jest/globals'))['jest']): NodeModule {
	let loaded: NodeModule | undefined;
	const kept: ReadonlyArray<[string, object]> = [
		['n8n-workflow', n8nWorkflow],
		['zod', zod],
		['./fastClock', fastClock],
	];
	runner.isolateModules(() => {
		for (const [name, module] of kept) runner.doMock(name, () => module);
		loaded = own(NODE_FILE) as NodeModule;
		for (const [name] of kept) runner.dontMock(name);
	});
	if (!loaded) throw new Error('unreachable');
	return loaded;
}

function loadAnew(): NodeModule {
	const clock = own.resolve('../../../nodes/LumaVideo/generation/clock.ts');
	for (const file of Object.keys(own.cache)) {
		if (file.includes(`${sep}nodes${sep}LumaVideo${sep}`) && file !== clock) Reflect.deleteProperty(own.cache, file);
	}
	return own(NODE_FILE) as NodeModule;
}
