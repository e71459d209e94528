export { plain } from './backend.js';
