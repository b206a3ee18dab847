import { join } from 'node:path';

/** The folder of package.json. */
export const projectRoot = join(__dirname, '..', '..', '..');

/** Where screenshots and other things to look at go; not under version control. */
export const outputFolder = join(projectRoot, 'output');
