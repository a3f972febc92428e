"""The common part of calls of model providers."""
