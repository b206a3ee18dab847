/** Items with files, as other nodes pass them on. */
import { Readable } from 'node:stream';
import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeParameters, INodeType, IRun } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import type { ProviderServer } from '../../provider-server';
import { runItems } from './service';

export interface GivenFile {
	name: string;
	mimeType: string;
	bytes: Buffer;
	/** Whether it lies inside the item, as a Code node makes it, and not in n8n's binary store. */
	isInline?: boolean;
}

/** Items with a file each, in the field `clip`. */
class FileItems implements INodeType {
	description = {
		displayName: 'Items',
		name: 'items',
		group: ['trigger' as const],
		version: 1,
		description: 'Items with files',
		defaults: { name: 'Items' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [{ displayName: 'Items', name: 'items', type: 'json' as const, default: '[]' }],
	};

	constructor(private readonly files: GivenFile[]) {}

	/** n8n calls it with its own `this`. */
	execute = (() => {
		const { files } = this;
		return async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
			const items = JSON.parse(this.getNodeParameter('items', 0) as string) as IDataObject[];
			const made = items.map(async (json, item): Promise<INodeExecutionData> => {
				const file = files[item];
				if (!file) return { json, pairedItem: { item } };
				if (file.isInline === true) {
					const { bytes, name, mimeType } = file;
					const clip = { data: bytes.toString('base64'), fileName: name, mimeType };
					return { json, binary: { clip }, pairedItem: { item } };
				}
				const binary = await this.helpers.prepareBinaryData(Readable.from([file.bytes]), file.name, file.mimeType);
				return { json, binary: { clip: binary }, pairedItem: { item } };
			});
			return [await Promise.all(made)];
		};
	}) as unknown as () => Promise<INodeExecutionData[][]>;
}

/** Runs items with these files through the node. */
export async function runFiles(
	server: ProviderServer,
	files: GivenFile[],
	parameters: INodeParameters,
	items: IDataObject[] = files.map(() => ({ text: 'a cat' })),
): Promise<IRun> {
	const node = new FileItems(files);
	const execute = (node.execute as unknown as () => INodeType['execute'])();
	const type: INodeType = { description: node.description, execute };
	return await runItems(server, items, parameters, { nodeTypes: { 'test.items': type } });
}

export function bytesOf(size: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let at = 0; at < size; at += 1000) bytes.writeUInt32BE(at, Math.min(at, size - 4));
	return bytes;
}
