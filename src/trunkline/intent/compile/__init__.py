"""From resources to blueprints: pure."""
