export {};
//# sourceMappingURL=placeholder.js.map
