"""Micro-expression action units as a panel of judges sees them. Never read alone: agreement says nothing of intensity."""
