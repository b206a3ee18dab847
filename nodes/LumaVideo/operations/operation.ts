/** What an operation is: its place in the panel, its fields and what it runs. */
import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { Provider, ProviderId } from '../providers/provider';

export type ResourceName = 'account' | 'cameraMotion' | 'concept' | 'generation' | 'video';

export interface Operation {
	resource: ResourceName;
	/** The value of the Operation field. */
	value: string;
	/** As the Operation field shows it. */
	name: string;
	/** As the node panel lists it, sentence case. */
	action: string;
	description: string;
	/** Providers that can do it. */
	providers: readonly ProviderId[];
	/** Fields, already limited to this operation. */
	properties: INodeProperties[];
	/** Runs it for all input items at once; returns the items in input order. */
	execute(context: IExecuteFunctions, provider: Provider): Promise<INodeExecutionData[]>;
}

/** Shows fields only for one operation, keeping what else they depend on. */
export function forOperation(
	resource: ResourceName,
	operations: string[],
	properties: INodeProperties[],
): INodeProperties[] {
	return properties.map((property) => ({
		...property,
		displayOptions: {
			...property.displayOptions,
			show: { resource: [resource], operation: operations, ...property.displayOptions?.show },
		},
	}));
}
