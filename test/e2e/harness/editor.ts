import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import type { N8nClient } from './client';
import { ensureBrowserInstalled } from './install';
import { outputFolder } from './paths';

/** Chromium as root in a container without a screen or a network; none of its own business on the side. */
const chromiumArguments = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/** What to open. */
export interface EditorOptions {
	/** Size of the window in pixels; default 1440 x 900. */
	readonly width?: number;
	readonly height?: number;
	/** n8n follows the browser's; default: light. */
	readonly theme?: 'light' | 'dark';
	/** Milliseconds that any one step may take; default 60,000. */
	readonly timeout?: number;
}

/**
 * Opens n8n's editor in a headless Chromium, logged in as the client's user.
 *
 * @param client logged in
 */
export async function openEditor(client: N8nClient, options: EditorOptions = {}): Promise<Editor> {
	const { chromium: executablePath } = await ensureBrowserInstalled();
	const { width = 1440, height = 900, theme = 'light', timeout = 60_000 } = options;
	// Loaded only here: tests without a browser start faster.
	const { chromium } = await import('playwright-core');
	const browser = await chromium.launch({ executablePath, headless: true, args: chromiumArguments });
	try {
		const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
		context.setDefaultTimeout(timeout);
		const { cookie, browserId } = client.session;
		await context.addCookies([{ name: 'n8n-auth', value: cookie, url: client.url, httpOnly: true }]);
		// The cookie is bound to this id, which the editor keeps in the local storage.
		await context.addInitScript(`localStorage.setItem('n8n-browserId', '${browserId}')`);
		return new Editor(client.url, browser, await context.newPage());
	} catch (error) {
		await browser.close();
		throw error;
	}
}

/** One tab with n8n's editor. Steps wait until the editor shows their effect. */
export class Editor {
	/** Use `openEditor()`. */
	constructor(
		private readonly url: string,
		private readonly browser: Browser,
		/** For all that has no method here. */
		readonly page: Page,
	) {}

	/** Shows a stored workflow on the canvas. */
	async openWorkflow(id: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${id}`);
		await this.canvasNodes.first().waitFor();
	}

	/** All nodes on the canvas. */
	get canvasNodes(): Locator {
		return this.byTestId('canvas-node');
	}

	/** A node on the canvas. */
	canvasNode(name: string): Locator {
		return this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	}

	/** Opens the panel of a node with its parameters, input and output, and returns the panel. */
	async openNode(name: string): Promise<Locator> {
		await this.canvasNode(name).dblclick();
		const panel = this.byTestId('ndv').first();
		await panel.waitFor();
		await this.byTestId('node-parameters').first().waitFor();
		return panel;
	}

	/**
	 * Types into the search of the node creator, leaves it open, and returns the names of the nodes found, best first.
	 *
	 * @param expected part of a name to wait for
	 */
	async searchNodes(text: string, expected = text): Promise<string[]> {
		const search = this.byTestId('node-creator-search-bar');
		if (!(await search.isVisible())) await this.byTestId('node-creator-plus-button').click();
		await search.fill(text);
		const names = this.byTestId('node-creator-item-name');
		const found = names.filter({ hasText: expected }).first();
		await found.or(this.byTestId('node-creator-no-results')).first().waitFor();
		return (await names.allInnerTexts()).map((name) => name.trim());
	}

	/**
	 * Opens what the node creator tells about a node, after `searchNodes()`, and returns its triggers and actions.
	 */
	async nodeActions(name: string): Promise<{ description: string; actions: string[] }> {
		const names = this.byTestId('node-creator-item-name');
		const entry = names.filter({ hasText: new RegExp(`^\\s*${name}\\s*$`) }).first();
		const description = await this.byTestId('item-iterator-item').filter({ has: entry }).innerText();
		await entry.click();
		await this.byTestId('node-creator-category-item').first().waitFor();
		// A part that is folded up has no names in it.
		for (const part of await this.byTestId('node-creator-category-item').all()) {
			const before = await names.count();
			await part.click();
			if ((await names.count()) < before) await part.click();
		}
		return { description, actions: (await names.allInnerTexts()).map((text) => text.trim()) };
	}

	/** Runs the opened workflow with the button below the canvas. */
	async executeWorkflow(): Promise<void> {
		// the triggers on the canvas have buttons of the same kind, with their names added
		await this.byTestId('execute-workflow-button').click();
	}

	/** An element by the id that n8n gives it for its own tests. */
	byTestId(id: string): Locator {
		return this.page.locator(`[data-test-id="${id}"]`);
	}

	/**
	 * Takes a picture of the window.
	 *
	 * @param name of the file, without ending
	 * @returns path of the PNG file in `output/screenshots/`
	 */
	async screenshot(name: string): Promise<string> {
		const folder = join(outputFolder, 'screenshots');
		await mkdir(folder, { recursive: true });
		const path = join(folder, `${name}.png`);
		await this.page.screenshot({ path, animations: 'disabled' });
		return path;
	}

	async close(): Promise<void> {
		await this.browser.close();
	}
}
