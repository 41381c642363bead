class Adapter: pass
