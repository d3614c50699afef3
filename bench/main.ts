// What `make bench` runs: every measurement there is, one after the other.
await import('./engine.ts');
await import('./pop3.ts');
