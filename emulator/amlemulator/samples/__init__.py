"""The built-in sample workspaces: data, graphs and initial models."""
