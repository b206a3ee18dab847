import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { credentialChoices } from './credentialChoices';
import { nodeProperties, pickerFields, resetFields, runOperation } from './operations';
import { methods } from './operations/methods';
import { resumeWebhooks, wake } from './operations/suspend';
import { providerIds } from './providers';

/** Programmatic, since a video takes several dependent requests over minutes, and all items of a run share them. */
export class LumaVideo implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Luma Video',
		name: 'lumaVideo',
		icon: { light: 'file:../../icons/lumaVideo.svg', dark: 'file:../../icons/lumaVideo.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ [$parameter["operation"], $parameter["resource"]].filter(Boolean).join(": ") + ($parameter["model"] ? ", " + $parameter["model"] : "") }}',
		description: "Generate and edit videos and images with Luma's models",
		defaults: { name: 'Luma Video' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: credentialChoices(providerIds),
		webhooks: resumeWebhooks,
		waitingNodeTooltip: 'The workflow continues by itself when the generations are finished.',
		properties: [...resetFields, ...nodeProperties, ...pickerFields],
	};

	methods = methods;

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [await runOperation(this)];
	}

	/** Receives callbacks while the execution is suspended. */
	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await wake(this, Date.now());
	}
}
